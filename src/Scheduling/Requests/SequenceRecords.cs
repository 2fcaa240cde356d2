using System.Collections.Immutable;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Requests;

/// <param name="Tokens">Whole context: prompt, earlier segments, and what was already delivered of the running one.</param>
/// <param name="SegmentStart">Tokens from here on were generated in the running segment (by an earlier owner).</param>
/// <param name="AnswerTokens">Tokens generated for this answer before <paramref name="SegmentStart"/>: they count towards the limit.</param>
/// <param name="ArrivalAt">When the request first arrived, Unix seconds.</param>
/// <param name="Tenant">Caches are shared within a tenant only.</param>
/// <param name="Generated">Of <paramref name="Tokens"/>, generated: the rest came from the client and from tools.</param>
/// <param name="Cache">Where a cache of it is that is to be fetched first; null: all is computed.</param>
/// <param name="Model">What its reader was told answers: a worker that runs another by now refuses it. Null: whatever is there.</param>
[GenerateSerializer, Alias("pharos.sequence-work")]
public sealed record SequenceWork(
    [property: Id(0)] string Request,
    [property: Id(1)] int Epoch,
    [property: Id(2)] string Gateway,
    [property: Id(3)] ImmutableArray<int> Tokens,
    [property: Id(4)] int SegmentStart,
    [property: Id(5)] int AnswerTokens,
    [property: Id(6)] GenerationOptions Options,
    [property: Id(7)] ToolUse ToolUse,
    [property: Id(8)] ImmutableArray<string> ToolNames,
    [property: Id(9)] double ArrivalAt,
    [property: Id(10)] SegmentForecast Forecast,
    [property: Id(11)] int Priority,
    [property: Id(12)] string Tenant,
    [property: Id(13)] double ToolSeconds = 0,
    [property: Id(14)] int Generated = 0,
    [property: Id(15)] CacheSource? Cache = null,
    [property: Id(16)] string? Model = null)
{
    /// <summary>The span that it is below, as W3C's <c>traceparent</c>; null: nobody traces it.</summary>
    [Id(30)] public string? Trace { get; init; }
}

/// <summary>A parked cache on another worker. Whoever fetches it frees it there.</summary>
/// <param name="Epoch">Under which it is parked there.</param>
[GenerateSerializer, Alias("pharos.cache-source")]
public sealed record CacheSource([property: Id(0)] string Worker, [property: Id(1)] int Epoch);

/// <summary>The same sequence goes on: append <paramref name="Appended"/> to what was sampled.</summary>
/// <param name="PausedEpoch">The epoch under which it was parked here.</param>
[GenerateSerializer, Alias("pharos.resume-work")]
public sealed record ResumeWork(
    [property: Id(0)] string Request,
    [property: Id(1)] int PausedEpoch,
    [property: Id(2)] int Epoch,
    [property: Id(3)] string Gateway,
    [property: Id(4)] ImmutableArray<int> Appended,
    [property: Id(5)] int AnswerTokens,
    [property: Id(6)] GenerationOptions Options,
    [property: Id(7)] SegmentForecast Forecast,
    [property: Id(8)] double ToolSeconds)
{
    /// <summary>The span that it is below, as W3C's <c>traceparent</c>; null: nobody traces it.</summary>
    [Id(30)] public string? Trace { get; init; }
}

[GenerateSerializer, Alias("pharos.admission-kind")]
public enum AdmissionKind
{
    Accepted,

    /// <summary>The sequence to resume is not held here.</summary>
    NotHere,

    /// <summary>Draining, closing, or a newer epoch is held.</summary>
    Refused,

    /// <summary>It can never fit this device.</summary>
    TooLarge,
}

[GenerateSerializer, Alias("pharos.admission")]
public sealed record Admission([property: Id(0)] AdmissionKind Kind, [property: Id(1)] string? Because);

/// <summary>What one iteration gave to one gateway.</summary>
[GenerateSerializer, Immutable, Alias("pharos.delta-batch")]
public sealed record DeltaBatch([property: Id(0)] string Worker, [property: Id(1)] ImmutableArray<SequenceDelta> Deltas);

/// <param name="Position">Absolute position of the first of <paramref name="Tokens"/>.</param>
/// <param name="Text">Text these tokens made final; may lag behind them (stop strings, incomplete characters).</param>
/// <param name="End">Set on the last delta of a segment.</param>
/// <param name="Logprobs">One for each of <paramref name="Tokens"/>, where they were asked for.</param>
[GenerateSerializer, Immutable, Alias("pharos.sequence-delta")]
public sealed record SequenceDelta(
    [property: Id(0)] string Request, [property: Id(1)] int Epoch, [property: Id(2)] int Position,
    [property: Id(3)] ImmutableArray<int> Tokens, [property: Id(4)] string Text, [property: Id(5)] SegmentEnd? End,
    [property: Id(6)] ImmutableArray<TokenLogprob>? Logprobs = null);

/// <param name="Tokens">All tokens the segment generated, from <paramref name="SegmentStart"/> on.</param>
/// <param name="Receipt">What was decided about the cache, when it ended in a tool call.</param>
/// <param name="Logprobs">Of the last of <paramref name="Tokens"/>, those that this worker chose; null where nobody asked for them.</param>
[GenerateSerializer, Alias("pharos.segment-report")]
public sealed record SegmentReport(
    [property: Id(0)] string Worker, [property: Id(1)] int Epoch, [property: Id(2)] int SegmentStart,
    [property: Id(3)] ImmutableArray<int> Tokens, [property: Id(4)] string Text, [property: Id(5)] SegmentEnd End, [property: Id(6)] PauseReceipt? Receipt,
    [property: Id(7)] ImmutableArray<TokenLogprob>? Logprobs = null);
