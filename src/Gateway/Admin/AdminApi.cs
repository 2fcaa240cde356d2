using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Grains;
using Pharos.Grains.Tools;

namespace Pharos.Gateway.Admin;

internal static class AdminApi
{
    private const string ResponsePrefix = "chatcmpl-";

    public static void MapAdminApi(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin");
        admin.MapGet("/requests/{id}", Request);
        admin.MapGet("/workers", Workers);
        admin.MapGet("/tools", Tools);
    }

    /// <param name="id">A request's id, or that of a response.</param>
    private static async Task<IResult> Request(
        string id, IClusterGrains grains, GrainRetry retry, PoolView pools, PromptModel model, TimeProvider time, CancellationToken ct)
    {
        var request = id.StartsWith(ResponsePrefix, StringComparison.Ordinal) ? id[ResponsePrefix.Length..].Split('-')[0] : id;
        RequestDescription? description;
        try
        {
            description = await retry.Call(() => grains.Request(request).Describe(), ct);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            return Results.Problem($"Request '{request}' can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        return description is null
            ? Results.Problem($"No request '{request}' is known: it never was, or its FinishedRetention is over.", statusCode: StatusCodes.Status404NotFound)
            : Results.Json(RequestJson.Of(description, await Why(description)), AdminJson.Shown.RequestJson);

        async Task<string?> Why(RequestDescription request) =>
            WaitReason.Of(request, await pools.TryDescribe(model.Name, ct), time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
    }

    private static async Task<IResult> Workers(PoolView pools, PromptModel model, CancellationToken ct) =>
        await pools.TryDescribe(model.Name, ct) is { } pool
            ? Results.Json([.. pool.Workers.OrderBy(worker => worker.Worker, StringComparer.Ordinal).Select(WorkerJson.Of)], AdminJson.Shown.WorkerJsonArray)
            : Unreachable(model.Name);

    private static async Task<IResult> Tools(PoolView pools, PromptModel model, IToolRegistry registry, CancellationToken ct)
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
                isKnown ? forecast.ReturnTokens : null);
        return Results.Json([.. tools], AdminJson.Shown.ToolJsonArray);
    }

    private static IResult Unreachable(string pool) =>
        Results.Problem($"The scheduler of pool '{pool}' can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
}
