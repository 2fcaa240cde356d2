using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pharos.Grains;
using Pharos.Scheduling.Pool;
using Pharos.Simulator;

namespace Pharos.Gateway.Admin;

/// <param name="Requests">How many were replayed; with 0 there is nothing else.</param>
/// <param name="Served">Latency as it was, measured.</param>
/// <param name="Replayed">Of the live policy in the replay.</param>
internal sealed record CounterfactualJson(
    string Rank, string Pause, string Basis, int Requests, double WindowSeconds, LatencyJson? Served, LatencyJson? Replayed, IReadOnlyList<AgainstJson> Against);

/// <summary>Arrival to last token, seconds.</summary>
internal sealed record LatencyJson(double Mean, double P50, double P99)
{
    public static LatencyJson Of(Distribution latency) => new(latency.Mean, latency.P50, latency.P99);
}

/// <param name="SavedSeconds">What the live policy saved all requests together against this one, replay against replay; below 0 it lost.</param>
internal sealed record AgainstJson(string Policy, string Means, LatencyJson Latency, double SavedSeconds, double SavedPerRequest);

/// <summary>The pool at one moment: what the console draws.</summary>
/// <param name="At">Unix seconds.</param>
/// <param name="Waiting">Requests in the pool's queue.</param>
internal sealed record SampleJson(double At, string Model, int Waiting, PolicyJson Policy, IReadOnlyList<WorkerSampleJson> Workers)
{
    public static SampleJson Of(PoolDescription pool, double at) => new(
        at, pool.Pool, pool.Waiting, new PolicyJson(pool.RankPolicy, pool.PausePolicy),
        [.. pool.Workers.OrderBy(worker => worker.Worker, StringComparer.Ordinal).Select(WorkerSampleJson.Of)]);
}

internal sealed record PolicyJson(string Rank, string Pause);

/// <param name="Worker">As <c>GET /admin/workers</c> shows it.</param>
/// <param name="BytesPerToken">Of keys and values.</param>
/// <param name="HostUsed">Bytes of the host tier in use.</param>
/// <param name="Owners">Who holds most of the device, at most <see cref="MostOwners"/>.</param>
/// <param name="Counters">Totals since the device was opened.</param>
internal sealed record WorkerSampleJson(
    WorkerJson Worker, double BytesPerToken, long HostUsed, int MaxSequences, IReadOnlyList<OwnerJson> Owners, CountersJson Counters)
{
    private const int MostOwners = 16;

    public static WorkerSampleJson Of(WorkerSnapshot worker) => new(
        WorkerJson.Of(worker), (double)worker.Kv.BytesPerBlock / worker.Kv.BlockSize, (worker.Kv.HostBlocks - worker.Kv.HostFree) * worker.Kv.BytesPerBlock,
        worker.MaxSequences,
        [.. worker.Sequences.OrderByDescending(sequence => sequence.DeviceTokens).ThenBy(sequence => sequence.Request, StringComparer.Ordinal).Take(MostOwners).Select(OwnerJson.Of)],
        new CountersJson(worker.Counters.GeneratedTokens, worker.Counters.PrefillTokens, worker.Counters.RecomputedTokens, worker.Counters.Preemptions));
}

/// <summary>A sequence on a worker, with its tokens by tier.</summary>
internal sealed record OwnerJson(string Request, string Phase, int Context, int Device, int Host)
{
    public static OwnerJson Of(HeldSequence sequence) => new(
        sequence.Request, sequence.Phase.ToString().ToLowerInvariant(), sequence.ContextTokens, sequence.DeviceTokens, sequence.HostTokens);
}

internal sealed record CountersJson(long Generated, long Prefilled, long Recomputed, long Preemptions);

[JsonSerializable(typeof(CounterfactualJson))]
[JsonSerializable(typeof(RequestRowJson[]))]
[JsonSerializable(typeof(SampleJson))]
internal sealed partial class ConsoleJson : JsonSerializerContext
{
    /// <summary>As <see cref="AdminJson.Shown"/>.</summary>
    public static ConsoleJson Shown { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<WorkerState>(JsonNamingPolicy.CamelCase) },
    });
}
