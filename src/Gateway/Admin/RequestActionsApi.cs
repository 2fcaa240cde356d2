using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Grains;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;

namespace Pharos.Gateway.Admin;

/// <summary>What operators do with a request.</summary>
internal static class RequestActionsApi
{
    public static void MapRequestActionsApi(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/admin/requests/{id}/cancel", (string id, RequestActions actions, CancellationToken ct) => actions.Cancel(RequestActions.IdOf(id), ct));
        routes.MapPost(
            "/admin/requests/{id}/migrate", (string id, string? to, RequestActions actions, CancellationToken ct) => actions.Migrate(RequestActions.IdOf(id), to, ct));
    }
}

internal sealed class RequestActions(IClusterGrains grains, GrainRetry retry, PoolView pools, PromptModel model)
{
    private const string ResponsePrefix = "chatcmpl-";

    /// <param name="id">A request's id, or that of a response.</param>
    public static string IdOf(string id) => id.StartsWith(ResponsePrefix, StringComparison.Ordinal) ? id[ResponsePrefix.Length..].Split('-')[0] : id;

    public Task<IResult> Show(string id, CancellationToken ct) => Answer(id, () => Task.CompletedTask, ct);

    /// <summary>Frees what it holds, wherever it is; one that is over stays as it ended.</summary>
    public Task<IResult> Cancel(string id, CancellationToken ct) => Answer(id, () => grains.Request(id).Cancel("cancelled by an operator"), ct);

    /// <summary>Sends it to another worker, with its cache.</summary>
    /// <param name="to">Null: to the active worker with the most free memory.</param>
    public async Task<IResult> Migrate(string id, string? to, CancellationToken ct)
    {
        if (await pools.TryDescribe(model.Name, ct) is not { } pool)
            return Unreachable($"The scheduler of pool '{model.Name}'");
        var known = pool.Workers.Select(worker => worker.Worker).Order(StringComparer.Ordinal).ToList();
        if (to is not null && !known.Contains(to))
            return Results.Problem($"to: no worker '{to}' is known; there are: {string.Join(", ", known)}.", statusCode: StatusCodes.Status400BadRequest);
        try
        {
            if (await retry.Call(() => grains.Request(id).Describe(), ct) is not { } request)
                return Unknown(id);
            to ??= Roomiest(pool, request.Worker);
            if (to is null)
                return Results.Problem($"There is no other active worker than {request.Worker}.", statusCode: StatusCodes.Status409Conflict);
            var start = await grains.Request(id).Migrate(to, MigrationReason.Operator);
            return Results.Json(start, AdminJson.Shown.MigrationStart, statusCode: start.Started ? StatusCodes.Status202Accepted : StatusCodes.Status409Conflict);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            return Unreachable($"Request '{id}'");
        }
    }

    private static string? Roomiest(PoolDescription pool, string? not) => pool.Workers
        .Where(worker => worker.State == WorkerState.Active && worker.Worker != not)
        .OrderByDescending(worker => worker.Kv.DeviceFree * worker.Kv.BytesPerBlock).ThenBy(worker => worker.Worker, StringComparer.Ordinal)
        .Select(worker => worker.Worker).FirstOrDefault();

    private static IResult Unknown(string id) =>
        Results.Problem($"No request '{id}' is known: it never was, or its FinishedRetention is over.", statusCode: StatusCodes.Status404NotFound);

    private static IResult Unreachable(string who) => Results.Problem($"{who} can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);

    // What the request is after the action.
    private async Task<IResult> Answer(string id, Func<Task> act, CancellationToken ct)
    {
        RequestDescription? description;
        try
        {
            await retry.Call(act, ct);
            description = await retry.Call(() => grains.Request(id).Describe(), ct);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            return Unreachable($"Request '{id}'");
        }

        return description is null
            ? Unknown(id)
            : Results.Json(RequestJson.Of(description), AdminJson.Shown.RequestJson);
    }
}
