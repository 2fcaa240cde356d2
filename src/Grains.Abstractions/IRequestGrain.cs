using System.Collections.Immutable;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

/// <summary>
/// One request: its tokens at segment boundaries, where it runs, what its tools said. Keyed by the request's id. State is written
/// at start, pause, resume and end, never per token.
/// </summary>
[Alias("pharos.request")]
public interface IRequestGrain : IGrainWithStringKey
{
    /// <summary>Takes a new request and puts it in its pool's queue. Starting the same id twice is refused.</summary>
    [Alias("start")] Task<RequestAccepted> Start(RequestSpec spec);

    /// <summary>
    /// Brings results of client-side tools. Resumes the parked sequence when all calls of its pause are answered; an answer for a
    /// pause that was resumed already forks; a request nobody knows is <see cref="ResumeKind.Unknown"/> and the caller starts anew
    /// from its transcript.
    /// </summary>
    [Alias("resume")] Task<ResumeOutcome> Resume(ResumeSpec spec);

    /// <summary>
    /// What happens to the request, from notice number <paramref name="from"/> on, until the answer has ended: where its tokens come
    /// from, tool calls and results, the end. Tokens themselves come from <see cref="IWorkerGrain.Deltas"/>.
    /// </summary>
    [AlwaysInterleave, Alias("follow")] IAsyncEnumerable<RequestNotice> Follow(int from, CancellationToken ct);

    /// <summary>The gateway lost the worker's stream: go on elsewhere from the prompt and the tokens it has delivered of this segment.</summary>
    [Alias("worker-lost")] Task WorkerLost(string worker, int epoch, ImmutableArray<int> delivered);

    /// <summary>Stops it wherever it is and frees what it holds.</summary>
    [Alias("cancel")] Task Cancel(string because);

    /// <summary>From the scheduler: it is this request's turn, on that worker.</summary>
    [Alias("dispatch")] Task Dispatch(string worker, Scheduling.Prediction.SegmentForecast forecast);

    /// <summary>From the scheduler: it cannot be served.</summary>
    [Alias("refuse")] Task Refuse(string because);

    /// <summary>From the worker: a segment is over, with all tokens it generated.</summary>
    [Alias("segment-ended")] Task SegmentEnded(SegmentReport report);

    /// <summary>From the worker: what was decided about the parked cache has changed.</summary>
    [Alias("receipt-revised")] Task ReceiptRevised(int epoch, PauseReceipt receipt);

    /// <summary>For operators: timeline, rank, receipts, usage. Null when nobody knows the id.</summary>
    [AlwaysInterleave, Alias("describe")] Task<RequestDescription?> Describe();
}

/// <param name="Pool">Model pool that serves it; also the scheduler grain's key.</param>
/// <param name="Tokens">The prompt, chat template applied.</param>
/// <param name="ToolNames">Tools offered. A call to any other is text.</param>
/// <param name="Transcript">A hash a message of the prompt, to tell on resume whether the client's transcript still is the same.</param>
/// <param name="Priority">Lower is sooner; default 0.</param>
[GenerateSerializer, Alias("pharos.request-spec")]
public sealed record RequestSpec(
    [property: Id(0)] string Pool,
    [property: Id(1)] string Tenant,
    [property: Id(2)] string Gateway,
    [property: Id(3)] ImmutableArray<int> Tokens,
    [property: Id(4)] GenerationOptions Options,
    [property: Id(5)] ToolUse ToolUse,
    [property: Id(6)] ImmutableArray<string> ToolNames,
    [property: Id(7)] ImmutableArray<string> Transcript,
    [property: Id(8)] int Priority);

[GenerateSerializer, Alias("pharos.request-accepted")]
public sealed record RequestAccepted([property: Id(0)] bool Accepted, [property: Id(1)] string? Because);

/// <param name="SegmentStart">The pause they answer, from the call ids.</param>
/// <param name="Results">In the order of the calls.</param>
/// <param name="Transcript">Hashes of the messages before the assistant message that holds the calls.</param>
/// <param name="NewRequest">Id to fork under, should this pause have been resumed already.</param>
[GenerateSerializer, Alias("pharos.resume-spec")]
public sealed record ResumeSpec(
    [property: Id(0)] string Tenant,
    [property: Id(1)] string Gateway,
    [property: Id(2)] int SegmentStart,
    [property: Id(3)] ImmutableArray<ToolResult> Results,
    [property: Id(4)] ImmutableArray<string> Transcript,
    [property: Id(5)] GenerationOptions Options,
    [property: Id(6)] string NewRequest);

public enum ResumeKind
{
    /// <summary>The parked request goes on under its own id.</summary>
    Resumed,

    /// <summary>That pause was resumed before: a copy goes on under the new id.</summary>
    Forked,

    /// <summary>Nobody knows it, it belongs to somebody else, or the transcript differs: start anew from the transcript.</summary>
    Unknown,

    /// <summary>Calls of the same assistant message are still unanswered.</summary>
    Incomplete,
}

/// <param name="Request">The id to follow.</param>
/// <param name="FromNotice">The notice to follow from.</param>
/// <param name="Because">For <see cref="ResumeKind.Incomplete"/>: the ids still missing.</param>
[GenerateSerializer, Alias("pharos.resume-outcome")]
public sealed record ResumeOutcome(
    [property: Id(0)] ResumeKind Kind, [property: Id(1)] string Request, [property: Id(2)] int FromNotice, [property: Id(3)] string? Because);

public enum NoticeKind
{
    /// <summary>Waits for its turn; Text says why.</summary>
    Queued,

    /// <summary>From <see cref="RequestNotice.Position"/> on, tokens come from Worker under Epoch; those of earlier epochs are void.</summary>
    Placed,

    /// <summary>A server-side tool is being called.</summary>
    ToolStarted,

    /// <summary>A server-side tool has answered.</summary>
    ToolReturned,

    /// <summary>The answer ends here with client-side tool calls; the request stays parked. Carries Usage.</summary>
    Parked,

    /// <summary>The answer is complete. Carries Usage.</summary>
    Finished,

    /// <summary>It could not be served: Text says why.</summary>
    Failed,
}

/// <summary>One step of a request's life, numbered from 0.</summary>
/// <param name="SegmentStart">Absolute position where the segment's generated tokens begin.</param>
/// <param name="Position">For Placed: absolute position of the first token to come.</param>
[GenerateSerializer, Alias("pharos.request-notice")]
public sealed record RequestNotice(
    [property: Id(0)] int Number,
    [property: Id(1)] NoticeKind Kind,
    [property: Id(2)] string? Worker = null,
    [property: Id(3)] int Epoch = 0,
    [property: Id(4)] int SegmentStart = 0,
    [property: Id(5)] int Position = 0,
    [property: Id(6)] ToolCall? Call = null,
    [property: Id(7)] ToolResult? Result = null,
    [property: Id(8)] RequestUsage? Usage = null,
    [property: Id(9)] string? Text = null,
    [property: Id(10)] SegmentEndReason? Reason = null);

/// <summary>Totals of one answer.</summary>
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
    [property: Id(8)] int Migrations);

[GenerateSerializer, Alias("pharos.timeline-entry")]
public sealed record TimelineEntry(
    [property: Id(0)] double At, [property: Id(1)] string Event, [property: Id(2)] string? Worker, [property: Id(3)] int Tokens);

[GenerateSerializer, Alias("pharos.rank-description")]
public sealed record RankDescription(
    [property: Id(0)] string Policy, [property: Id(1)] double Score, [property: Id(2)] int Position, [property: Id(3)] string Because);

/// <summary>What <c>GET /admin/requests/{id}</c> shows.</summary>
[GenerateSerializer, Alias("pharos.request-description")]
public sealed record RequestDescription(
    [property: Id(0)] string Id,
    [property: Id(1)] string Model,
    [property: Id(2)] string Tenant,
    [property: Id(3)] string State,
    [property: Id(4)] string? Worker,
    [property: Id(5)] RankDescription? Rank,
    [property: Id(6)] ImmutableArray<TimelineEntry> Timeline,
    [property: Id(7)] ImmutableArray<PauseReceipt> Receipts,
    [property: Id(8)] RequestUsage Usage);
