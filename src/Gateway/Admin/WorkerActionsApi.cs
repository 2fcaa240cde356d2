using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Grains;

namespace Pharos.Gateway.Admin;

/// <summary>What operators do with a worker. Each answers with what is left on it and how long that takes.</summary>
internal static class WorkerActionsApi
{
    public static void MapWorkerActionsApi(this IEndpointRouteBuilder routes)
    {
        var workers = routes.MapGroup("/admin/workers");
        Map("drain", worker => worker.Drain(true));
        Map("undrain", worker => worker.Drain(false));
        Map("cordon", worker => worker.Cordon());
        Map("evacuate", worker => worker.Evacuate());

        // A worker's id has slashes: they come as they are, or as %2F in one part.
        void Map(string action, Func<IWorkerGrain, Task<DrainForecast>> act)
        {
            workers.MapPost($"/{{id}}/{action}", (string id, WorkerActions actions, CancellationToken ct) => actions.Do(Uri.UnescapeDataString(id), act, ct));
            workers.MapPost(
                $"/{{pool}}/{{silo}}/{{device}}/{action}",
                (string pool, string silo, string device, WorkerActions actions, CancellationToken ct) => actions.Do($"{pool}/{silo}/{device}", act, ct));
        }
    }
}

internal sealed class WorkerActions(PoolView pools, PromptModel model, IClusterGrains grains, GrainRetry retry)
{
    public async Task<IResult> Do(string id, Func<IWorkerGrain, Task<DrainForecast>> act, CancellationToken ct)
    {
        if (await pools.TryDescribe(model.Name, ct) is not { } pool)
            return Results.Problem($"The scheduler of pool '{model.Name}' can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
        var known = pool.Workers.Select(worker => worker.Worker).Order(StringComparer.Ordinal).ToList();
        if (!known.Contains(id))
            return Results.Problem($"No worker '{id}' is known; there are: {string.Join(", ", known)}.", statusCode: StatusCodes.Status404NotFound);
        try
        {
            return Results.Json(await retry.Call(() => act(grains.Worker(id)), ct), AdminJson.Shown.DrainForecast);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct) || exception is InvalidOperationException)
        {
            return Results.Problem($"Worker '{id}' can't be reached now: {exception.Message}", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
