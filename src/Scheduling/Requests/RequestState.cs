using System.Collections.Immutable;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Requests;

[GenerateSerializer, Alias("pharos.request-phase")]
public enum RequestPhase
{
    /// <summary>Nothing is known of it.</summary>
    None,

    /// <summary>In the scheduler's queue.</summary>
    Queued,

    /// <summary>On a worker.</summary>
    Placed,

    /// <summary>Server-side tools are running.</summary>
    CallingTools,

    /// <summary>Waits for the client's tool results.</summary>
    Parked,
    Finished,
    Failed,
    Cancelled,
}

/// <summary>A place where the request stopped for tools: enough to go on from there once more (a fork).</summary>
/// <param name="Length">Tokens of the request up to and with the last sampled one.</param>
[GenerateSerializer, Alias("pharos.pause-point")]
public sealed record PausePoint(
    [property: Id(0)] int SegmentStart, [property: Id(1)] int Length, [property: Id(2)] ImmutableArray<ToolCall> Calls);

/// <param name="Until">Unix seconds; no result by then is a failure.</param>
[GenerateSerializer, Alias("pharos.deferred-call")]
public sealed record DeferredCall([property: Id(0)] string Call, [property: Id(1)] double Until);

/// <param name="NewRequest">Names the client's attempt, see <see cref="ResumeSpec"/>.</param>
/// <param name="SegmentStart">The pause it ended.</param>
[GenerateSerializer, Alias("pharos.accepted-resume")]
public sealed record AcceptedResume([property: Id(0)] string NewRequest, [property: Id(1)] int SegmentStart, [property: Id(2)] int FromNotice);

/// <summary>A worker that is about to have the sequence.</summary>
/// <param name="Epoch">Under which it will; nobody else is ever given that one.</param>
/// <param name="At">When it began, Unix seconds.</param>
[GenerateSerializer, Alias("pharos.pending-move")]
public sealed record PendingMove(
    [property: Id(0)] string Target, [property: Id(1)] int Epoch, [property: Id(2)] MigrationReason Reason, [property: Id(3)] double At);

/// <summary>An event of a request's life for operators; <paramref name="At"/> in seconds since it arrived.</summary>
/// <param name="Route">Where it was placed: why there.</param>
[GenerateSerializer, Alias("pharos.timeline-entry")]
public sealed record TimelineEntry(
    [property: Id(0)] double At, [property: Id(1)] string Event, [property: Id(2)] string? Worker, [property: Id(3)] int Tokens,
    [property: Id(4)] RouteDecision? Route = null);

/// <summary>Totals of one answer (what one HTTP response carries).</summary>
[GenerateSerializer, Alias("pharos.request-usage")]
public sealed record RequestUsage(
    [property: Id(0)] int PromptTokens,
    [property: Id(1)] int CompletionTokens,
    [property: Id(2)] int CachedTokens,
    [property: Id(3)] double KvTokenSeconds,
    [property: Id(4)] double QueueSeconds,
    [property: Id(5)] double ToolSeconds,
    [property: Id(6)] int Receipts,
    [property: Id(7)] int Preemptions,
    [property: Id(8)] int Migrations,
    [property: Id(9)] double PrefillSeconds = 0,
    [property: Id(10)] double DecodeSeconds = 0)
{
    public static RequestUsage None { get; } = new(0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/// <summary>All that is durable of a request: written at segment boundaries, enough to go on after any loss.</summary>
[GenerateSerializer, Alias("pharos.request-state")]
public sealed class RequestState
{
    [Id(0)] public RequestSpec? Spec { get; set; }

    [Id(1)] public RequestPhase Phase { get; set; }

    /// <summary>Grows with every placement: what carries an older one is void.</summary>
    [Id(2)] public int Epoch { get; set; }

    /// <summary>Segments so far, the running one not counted.</summary>
    [Id(3)] public int Segment { get; set; }

    /// <summary>Tokens at the last boundary: prompt, results, and what earlier segments sampled; and what a lost worker had delivered.</summary>
    [Id(4)] public ImmutableArray<int> Tokens { get; set; } = [];

    /// <summary>Where the running segment's generated tokens begin.</summary>
    [Id(5)] public int SegmentStart { get; set; }

    /// <summary>Tokens generated for the present answer before the running segment.</summary>
    [Id(6)] public int AnswerTokens { get; set; }

    [Id(7)] public double ArrivalAt { get; set; }

    [Id(8)] public string? Worker { get; set; }

    /// <summary>The epoch under which <see cref="Worker"/> parked the cache; 0 where none is parked for this request.</summary>
    [Id(9)] public int ParkedEpoch { get; set; }

    [Id(10)] public double PausedAt { get; set; }

    [Id(11)] public ImmutableArray<ToolCall> Calls { get; set; } = [];

    [Id(12)] public ImmutableArray<ToolResult> Results { get; set; } = [];

    /// <summary>Tokens to append to the parked sequence; empty when it starts from <see cref="Tokens"/>.</summary>
    [Id(13)] public int Appended { get; set; }

    [Id(14)] public ImmutableArray<PausePoint> Pauses { get; set; } = [];

    [Id(15)] public ImmutableArray<PauseReceipt> Receipts { get; set; } = [];

    [Id(16)] public ImmutableArray<TimelineEntry> Timeline { get; set; } = [];

    [Id(17)] public RequestUsage Usage { get; set; } = RequestUsage.None;

    [Id(18)] public int NextNotice { get; set; }

    [Id(19)] public string Gateway { get; set; } = "";

    [Id(20)] public GenerationOptions? Options { get; set; }

    [Id(21)] public string? Failure { get; set; }

    [Id(22)] public double ToolSeconds { get; set; }

    /// <summary>Hashes of the messages before the last pause that was resumed: a resume must begin with them.</summary>
    [Id(23)] public ImmutableArray<string> Transcript { get; set; } = [];

    /// <summary>What the present answer's reader must not miss, with its numbers: segments that ended, with their text, and what tools did.</summary>
    [Id(24)] public ImmutableArray<RequestNotice> Said { get; set; } = [];

    /// <summary>When it began to wait for its present turn, Unix seconds.</summary>
    [Id(26)] public double QueuedAt { get; set; }

    /// <summary>Results of the last pause that tools brought themselves.</summary>
    [Id(40)] public ImmutableArray<ToolResult> Brought { get; set; } = [];

    /// <summary>Calls of the present pause whose tools bring their results themselves, and until when, Unix seconds.</summary>
    [Id(41)] public ImmutableArray<DeferredCall> Deferred { get; set; } = [];

    /// <summary>It failed because it can never fit.</summary>
    [Id(27)] public bool TooLarge { get; set; }

    /// <summary>It was shed, or found the queue full: when it is worth trying again, seconds.</summary>
    [Id(42)] public double? RetryAfterSeconds { get; set; }

    /// <summary>The span of the present answer, as W3C's <c>traceparent</c>.</summary>
    [Id(43)] public string? Trace { get; set; }

    /// <summary>What its worker runs, as its reader was told; null: nobody has said.</summary>
    [Id(44)] public string? Model { get; set; }

    /// <summary>The last resume that was accepted here: who brings it again, its answer lost, is told the same.</summary>
    [Id(25)] public AcceptedResume? Resumed { get; set; }

    /// <summary>The migration under way, if there is one; the old owner has it until that ends.</summary>
    [Id(28)] public PendingMove? Move { get; set; }

    /// <summary>The latest epoch that was given to anybody, or kept for somebody; 0: <see cref="Epoch"/> is.</summary>
    [Id(29)] public int LastEpoch { get; set; }
}
