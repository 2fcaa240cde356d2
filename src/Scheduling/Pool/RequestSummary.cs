using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Pool;

[GenerateSerializer, Alias("pharos.summary-state")]
public enum SummaryState
{
    /// <summary>In the pool's queue.</summary>
    Queued,

    /// <summary>On a worker, running or next in line there.</summary>
    Running,

    /// <summary>A tool of the registry runs.</summary>
    CallingTools,

    /// <summary>The client runs its tool; its next request goes on from here.</summary>
    Parked,
    Finished,

    /// <summary>Left before its end: cancelled or failed.</summary>
    Cancelled,
}

/// <summary>A stretch of a request's life in one state, Unix seconds; <paramref name="To"/> is null while it lasts.</summary>
[GenerateSerializer, Immutable, Alias("pharos.request-span")]
public sealed record RequestSpan(
    [property: Id(0)] SummaryState State, [property: Id(1)] double From, [property: Id(2)] double? To, [property: Id(3)] string? Worker = null);

/// <summary>A request as its pool saw it.</summary>
/// <param name="Worker">Where it runs, or where its cache was left.</param>
/// <param name="Tool">What it waits for, once the pool has heard of it.</param>
/// <param name="ArrivalAt">Unix seconds.</param>
/// <param name="EndedAt">Unix seconds; null while it lives.</param>
/// <param name="PromptTokens">Of its first segment; 0 where the pool first saw it later.</param>
/// <param name="Spans">In order of time; of a long life the latest.</param>
/// <param name="Segments">Those that ended, from the first on; what a replay needs.</param>
[GenerateSerializer, Immutable, Alias("pharos.request-summary")]
public sealed record RequestSummary(
    [property: Id(0)] string Request,
    [property: Id(1)] string Tenant,
    [property: Id(2)] SummaryState State,
    [property: Id(3)] string? Worker,
    [property: Id(4)] int Priority,
    [property: Id(5)] double ArrivalAt,
    [property: Id(6)] double? EndedAt,
    [property: Id(7)] int Segment,
    [property: Id(8)] int PromptTokens,
    [property: Id(9)] int ContextTokens,
    [property: Id(10)] ImmutableArray<RequestSpan> Spans,
    [property: Id(11)] ImmutableArray<SegmentOutcome> Segments)
{
    public bool IsOver() => State is SummaryState.Finished or SummaryState.Cancelled;

    /// <summary>It was seen from its arrival to its end, all segments of it.</summary>
    public bool IsWhole() => State == SummaryState.Finished && PromptTokens > 0 && Segments is [.., { Ended: true }] && Segments.Length == Segment + 1;
}
