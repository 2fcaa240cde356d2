using Microsoft.Extensions.Options;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Grains;
using Pharos.Grains.Configuration;
using Pharos.Scheduling.Pool;
using Pharos.Simulator;
using Pharos.Simulator.Replay;

namespace Pharos.Gateway.Admin;

/// <summary>What the same requests would have taken under first come, first served.</summary>
internal static class CounterfactualApi
{
    public static void MapCounterfactualApi(this IEndpointRouteBuilder routes) => routes.MapGet("/admin/counterfactual", Show);

    private static async Task<IResult> Show(Counterfactual counterfactual, CancellationToken ct) => await counterfactual.Take(ct) is { } shown
        ? Results.Json(shown, ConsoleJson.Shown.CounterfactualJson)
        : Results.Problem("The scheduler can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
}

/// <summary>Replays the latest requests, at most once in a few seconds however many ask.</summary>
internal sealed class Counterfactual(
    IClusterGrains grains, PoolView pools, PromptModel model, GrainRetry retry, IOptions<PharosOptions> options, TimeProvider time)
{
    private const string Basis =
        "An estimate, no measurement: the latest requests that ended are served once more in virtual time by the same scheduling code, with their arrivals, "
        + "lengths and tool times as they were and devices as fast as measured. Shared prefixes and guessed tokens are left out. Savings compare two replays; "
        + "how far the replay of the live policy is from what was served says how far to trust it.";

    private const int MostRequests = 512;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim one = new(1);
    private (long At, CounterfactualJson Shown)? last;

    /// <summary>Null where the scheduler is out of reach.</summary>
    public async Task<CounterfactualJson?> Take(CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            if (last is { } known && time.GetElapsedTime(known.At) < Fresh)
                return known.Shown;
            if (await pools.TryDescribe(model.Name, ct) is not { } pool)
                return null;
            var requests = await retry.Call(() => grains.Scheduler(model.Name).Requests(MostRequests), ct);
            // Off the request's own thread: it computes for a while.
            var shown = await Task.Run(() => Replay(pool, requests), ct);
            last = (time.GetTimestamp(), shown);
            return shown;
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            return null;
        }
        finally
        {
            one.Release();
        }
    }

    private CounterfactualJson Replay(PoolDescription pool, IEnumerable<RequestSummary> requests)
    {
        var workers = pool.Workers.Where(worker => worker.State is WorkerState.Active or WorkerState.Cordoned).ToList();
        var result = workers.Count == 0 ? null : ShadowReplay.Run(requests, Cluster(workers), pool.RankPolicy, pool.PausePolicy, options.Value.Policy.Promise);
        return result is null
            ? new CounterfactualJson(pool.RankPolicy, pool.PausePolicy, Basis, 0, 0, null, null, [])
            : new CounterfactualJson(
                pool.RankPolicy, pool.PausePolicy, Basis, result.Requests, result.WindowSeconds, LatencyJson.Of(result.Served), LatencyJson.Of(result.Replayed.Latency),
                [.. result.Against.Select(other => new AgainstJson(
                    other.Name, other.Means, LatencyJson.Of(other.Latency), result.SavedSeconds(other), result.SavedSeconds(other) / result.Requests))]);
    }

    private static ReplayCluster Cluster(IReadOnlyList<WorkerSnapshot> workers)
    {
        var (kv, profile) = (workers[0].Kv, workers[0].Profile);
        return new ReplayCluster(profile, workers.Count, kv.DeviceBlocks * kv.BlockSize, kv.HostBlocks * kv.BlockSize, kv.BlockSize, workers[0].MaxSequences);
    }
}
