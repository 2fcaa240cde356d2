using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Grains;
using Pharos.Grains.Tools;

namespace Pharos.Gateway.Admin;

internal static class AdminApi
{
    public static void MapAdminApi(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin");
        admin.MapGet("/requests/{id}", (string id, RequestActions actions, CancellationToken ct) => actions.Show(RequestActions.IdOf(id), ct));
        admin.MapGet("/workers", Workers);
        admin.MapGet("/tools", Tools);
    }

    private static async Task<IResult> Workers(PoolView pools, PromptModel model, CancellationToken ct) =>
        await pools.TryDescribe(model.Name, ct) is { } pool
            ? Results.Json([.. pool.Workers.OrderBy(worker => worker.Worker, StringComparer.Ordinal).Select(WorkerJson.Of)], AdminJson.Shown.WorkerJsonArray)
            : Unreachable(model.Name);

    private static async Task<IResult> Tools(PoolView pools, PromptModel model, ToolRegistry registry, CancellationToken ct)
    {
        if (await pools.TryDescribe(model.Name, ct) is not { } pool)
            return Unreachable(model.Name);
        var learned = pool.Tools.ToDictionary(tool => tool.Tool, StringComparer.Ordinal);
        var registered = registry.Tools.ToDictionary(tool => tool.Name, StringComparer.Ordinal);
        var tools =
            from name in registered.Keys.Union(learned.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            let definition = registered.GetValueOrDefault(name)
            let forecast = learned.GetValueOrDefault(name)
            let isKnown = forecast is { Calls: > 0 }
            select new ToolJson(
                name, definition is not null, definition?.Description, forecast?.Calls ?? 0,
                isKnown ? new LearnedSecondsJson(forecast.Seconds.Mean, forecast.P50, forecast.P90, forecast.P99) : null,
                isKnown ? forecast.ReturnTokens : null,
                registry.Find(name) is { } tool ? ToolLimitsJson.Of(tool) : null);
        return Results.Json([.. tools], AdminJson.Shown.ToolJsonArray);
    }

    private static IResult Unreachable(string pool) =>
        Results.Problem($"The scheduler of pool '{pool}' can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
}
