using System.Collections.Immutable;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Fairness;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Pool;

/// <summary>What the scheduler must know of a request to rank and route it; not its tokens.</summary>
/// <param name="Epoch">The owner's epoch this asks for: an older one never replaces a newer.</param>
/// <param name="ArrivalAt">First arrival of the request, Unix seconds: it keeps its age over all its segments.</param>
/// <param name="ContextTokens">Tokens to have in the cache before the first new one comes.</param>
/// <param name="Holder">Worker that holds the parked cache, if any.</param>
/// <param name="HeldTokens">Tokens of it still there at the last word.</param>
/// <param name="MaxNewTokens">Most tokens it may still generate.</param>
/// <param name="Offer">Names the set of tools on offer (<see cref="Prediction.PromptFeatures.Offer"/>); 0: none.</param>
/// <param name="Words">Of the prompt (<see cref="Prediction.PromptFeatures.Words"/>), for the predictor.</param>
/// <param name="ToolSeconds">Its tools have taken so far: that is not waiting.</param>
[GenerateSerializer, Alias("pharos.request-descriptor")]
public sealed record RequestDescriptor(
    [property: Id(0)] string Request,
    [property: Id(1)] int Epoch,
    [property: Id(2)] string Tenant,
    [property: Id(3)] int Priority,
    [property: Id(4)] double ArrivalAt,
    [property: Id(5)] double EnqueuedAt,
    [property: Id(6)] int Segment,
    [property: Id(7)] int ContextTokens,
    [property: Id(8)] int MaxNewTokens,
    [property: Id(9)] string? Holder,
    [property: Id(10)] int HeldTokens,
    [property: Id(11)] ToolUse ToolUse,
    [property: Id(12)] ulong Offer = 0,
    [property: Id(13)] ImmutableArray<uint> Words = default,
    [property: Id(14)] double ToolSeconds = 0);

[GenerateSerializer, Alias("pharos.enqueue-kind")]
public enum EnqueueKind
{
    Queued,

    /// <summary>The queue is full.</summary>
    Refused,

    /// <summary>It can never fit any worker of the pool.</summary>
    TooLarge,
}

/// <param name="Ahead">Requests that go before it.</param>
/// <param name="RetryAfterSeconds">Of one that was refused: when it is worth trying again.</param>
[GenerateSerializer, Alias("pharos.enqueue-outcome")]
public sealed record EnqueueOutcome(
    [property: Id(0)] EnqueueKind Kind, [property: Id(1)] int Ahead, [property: Id(2)] string? Because, [property: Id(3)] double? RetryAfterSeconds = null);

[GenerateSerializer, Alias("pharos.worker-state")]
public enum WorkerState
{
    Active,

    /// <summary>Finishes what it has, takes nothing new.</summary>
    Draining,

    /// <summary>Nothing is left on it.</summary>
    Drained,

    /// <summary>Its device failed; the silo opens it anew.</summary>
    Failed,

    /// <summary>Takes nothing new; what it has stays.</summary>
    Cordoned,
}

/// <summary>A worker's own word about itself, sent to its scheduler every half second and after every change that makes room.</summary>
/// <param name="Incarnation">Grows each time the device is opened: what an older one held is gone.</param>
/// <param name="Report">Grows with every report of an incarnation.</param>
/// <param name="Profile">Its cost model as fitted so far.</param>
/// <param name="Sequences">Everything it holds, with epochs: a scheduler that lost its memory rebuilds from it.</param>
/// <param name="Tenants">What each tenant has used here, in order of name.</param>
/// <param name="Load">Memory-time that those that run or wait are still expected to need, in token-seconds.</param>
/// <param name="IsEvacuating">It drains, and does not wait for what runs.</param>
/// <param name="Promise">How its ranking has kept what it promises; null where it promises nothing.</param>
/// <param name="Candidate">What it tells of the candidate it runs; null: it has no choice.</param>
[GenerateSerializer, Alias("pharos.worker-snapshot")]
public sealed record WorkerSnapshot(
    [property: Id(0)] string Worker,
    [property: Id(1)] string Silo,
    [property: Id(2)] string Device,
    [property: Id(3)] string Model,
    [property: Id(4)] long Incarnation,
    [property: Id(5)] long Report,
    [property: Id(6)] WorkerState State,
    [property: Id(7)] KvUse Kv,
    [property: Id(8)] int MaxSequences,
    [property: Id(9)] int MaxPositions,
    [property: Id(10)] double IterationSeconds,
    [property: Id(11)] double TokensPerSecond,
    [property: Id(12)] ImmutableArray<HeldSequence> Sequences,
    [property: Id(13)] WorkerCounters Counters,
    [property: Id(14)] DeviceProfile Profile,
    [property: Id(15)] double Load = 0,
    [property: Id(16)] PromiseState? Promise = null,
    [property: Id(17)] ImmutableArray<TenantUse> Tenants = default,
    [property: Id(18)] CandidateReport? Candidate = null,
    [property: Id(19)] bool IsEvacuating = false);

/// <summary>Use of the KV tiers, in blocks unless said otherwise.</summary>
/// <param name="DeviceCached">Of those free: kept for contexts that begin alike, until somebody needs the memory.</param>
[GenerateSerializer, Alias("pharos.kv-use")]
public sealed record KvUse(
    [property: Id(0)] int BlockSize, [property: Id(1)] long BytesPerBlock, [property: Id(2)] int DeviceBlocks, [property: Id(3)] int DeviceFree,
    [property: Id(4)] int DeviceParked, [property: Id(5)] int HostBlocks, [property: Id(6)] int HostFree, [property: Id(7)] int DeviceCached = 0);

[GenerateSerializer, Alias("pharos.sequence-phase")]
public enum SequencePhase
{
    Waiting,
    Running,
    Parked,
}

/// <param name="DeviceTokens">Tokens whose keys and values are on the device.</param>
/// <param name="HostTokens">Tokens whose keys and values are in the host tier.</param>
/// <param name="Load">Memory-time that it is still expected to need, token-seconds; of a parked one, after its tool has returned.</param>
[GenerateSerializer, Alias("pharos.held-sequence")]
public readonly record struct HeldSequence(
    [property: Id(0)] string Request, [property: Id(1)] int Epoch, [property: Id(2)] SequencePhase Phase,
    [property: Id(3)] int ContextTokens, [property: Id(4)] int DeviceTokens, [property: Id(5)] int HostTokens, [property: Id(6)] double Load = 0);

/// <summary>Totals since the device was opened.</summary>
/// <param name="SharedTokens">Not computed, because another sequence had computed the same.</param>
/// <param name="DraftedTokens">Guessed and computed.</param>
/// <param name="AcceptedTokens">Of these, right.</param>
[GenerateSerializer, Alias("pharos.worker-counters")]
public sealed record WorkerCounters(
    [property: Id(0)] long Iterations, [property: Id(1)] long PrefillTokens, [property: Id(2)] long GeneratedTokens, [property: Id(3)] long RecomputedTokens,
    [property: Id(4)] long Preemptions, [property: Id(5)] long SwappedOutBytes, [property: Id(6)] long SwappedInBytes,
    [property: Id(7)] long Preserved, [property: Id(8)] long Swapped, [property: Id(9)] long Discarded,
    [property: Id(10)] long SharedTokens = 0, [property: Id(11)] long DraftedTokens = 0, [property: Id(12)] long AcceptedTokens = 0);

/// <summary>What the scheduler tells a worker in answer to a report.</summary>
/// <param name="Promise">What the pool promises; null where its ranking promises nothing.</param>
/// <param name="Candidate">Null where the pool has one candidate.</param>
[GenerateSerializer, Alias("pharos.pool-directive")]
public sealed record PoolDirective(
    [property: Id(0)] string RankPolicy, [property: Id(1)] string PausePolicy, [property: Id(2)] ImmutableArray<ToolForecast> Tools,
    [property: Id(3)] PromiseState? Promise = null, [property: Id(4)] CandidateOrder? Candidate = null);

/// <summary>What a worker is to do where a pool has several candidates.</summary>
/// <param name="Run">The candidate it should run; null: the one it runs.</param>
/// <param name="AuditShare">Share of its answers that it should audit.</param>
/// <param name="Audited">Candidates that audits compare with the reference.</param>
[GenerateSerializer, Alias("pharos.candidate-order")]
public sealed record CandidateOrder(
    [property: Id(0)] string? Run, [property: Id(1)] double AuditShare, [property: Id(2)] ImmutableArray<string> Audited);

/// <summary>How a segment turned out: the predictor's food.</summary>
/// <param name="Tools">Tools called at its end, with the seconds each took; empty when the request ended.</param>
[GenerateSerializer, Alias("pharos.segment-outcome")]
public sealed record SegmentOutcome(
    [property: Id(0)] string Request, [property: Id(1)] int Segment, [property: Id(2)] int ContextTokens, [property: Id(3)] int GeneratedTokens,
    [property: Id(4)] ImmutableArray<ToolOutcome> Tools, [property: Id(5)] bool Ended);

[GenerateSerializer, Alias("pharos.tool-outcome")]
public readonly record struct ToolOutcome([property: Id(0)] string Tool, [property: Id(1)] double Seconds, [property: Id(2)] int ReturnTokens);
