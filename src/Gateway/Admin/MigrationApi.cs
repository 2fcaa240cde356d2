using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Grains;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;

namespace Pharos.Gateway.Admin;

/// <summary>Requests that move between workers with their caches.</summary>
internal static class MigrationApi
{
    public static void MapMigrationApi(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(
            "/admin/requests/{id}/migrate", (string id, string? to, MigrationActions actions, CancellationToken ct) => actions.Migrate(RequestActions.IdOf(id), to, ct));
        routes.MapPost("/admin/rebalance", (bool? dryRun, MigrationActions actions, CancellationToken ct) => actions.Rebalance(dryRun ?? false, ct));
    }
}

internal sealed record RebalanceJson(bool DryRun, IEnumerable<PlannedMigration> Moves, IEnumerable<WorkerBalance> Workers, string Because);

internal sealed class MigrationActions(IClusterGrains grains, GrainRetry retry, PoolView pools, PromptModel model)
{
    /// <summary>202 where it is on its way, 409 where it does not move, with the reason.</summary>
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
                return Results.Problem($"No request '{id}' is known: it never was, or its FinishedRetention is over.", statusCode: StatusCodes.Status404NotFound);
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

    /// <summary>The plan, which is being carried out unless it is a dry run.</summary>
    public async Task<IResult> Rebalance(bool dryRun, CancellationToken ct)
    {
        try
        {
            var plan = await retry.Call(() => grains.Scheduler(model.Name).Rebalance(dryRun), ct);
            return Results.Json(new RebalanceJson(dryRun, plan.Moves, plan.Workers, plan.Because), AdminJson.Shown.RebalanceJson);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            return Unreachable($"The scheduler of pool '{model.Name}'");
        }
    }

    private static string? Roomiest(PoolDescription pool, string? not) => pool.Workers
        .Where(worker => worker.State == WorkerState.Active && worker.Worker != not)
        .OrderByDescending(worker => worker.Kv.DeviceFree * worker.Kv.BytesPerBlock).ThenBy(worker => worker.Worker, StringComparer.Ordinal)
        .Select(worker => worker.Worker).FirstOrDefault();

    private static IResult Unreachable(string who) => Results.Problem($"{who} can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
}
