using System.Collections.Immutable;
using Pharos.Scheduling.Migration;
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
    /// <summary>Takes a new request and puts it in its pool's queue. Idempotent: an id that is known is not started again.</summary>
    /// <remarks>Its timeout is short, and a resume's: the call may go to a silo that is gone and not yet voted out. Said again, it finds the next one.</remarks>
    [ResponseTimeout("00:00:02"), Alias("start")] Task<RequestAccepted> Start(RequestSpec spec);

    /// <summary>
    /// Brings results of client-side tools. Resumes the parked sequence when all calls of its pause are answered; an answer for a
    /// pause that was resumed already forks; a request nobody knows is <see cref="ResumeKind.Unknown"/> and the caller starts anew
    /// from its transcript.
    /// </summary>
    [ResponseTimeout("00:00:02"), Alias("resume")] Task<ResumeOutcome> Resume(ResumeSpec spec);

    /// <summary>
    /// What happens to the request, from notice number <paramref name="from"/> on, until the answer has ended: where its tokens come
    /// from, tool calls and results, the end. Tokens themselves come from <see cref="IWorkerGrain.Deltas"/>.
    /// </summary>
    [AlwaysInterleave, Alias("follow")] IAsyncEnumerable<RequestNotice> Follow(int from, CancellationToken ct);

    /// <summary>A worker or its stream is lost: go on elsewhere from the prompt and the tokens known of this segment.</summary>
    /// <remarks>Said again until it is heard, so its timeout is short: the request may live on a silo that hangs, until that is voted out.</remarks>
    /// <param name="byReader">Told by the gateway that reads the answer: <paramref name="delivered"/> is all it has of this segment.</param>
    [ResponseTimeout("00:00:01"), Alias("worker-lost")] Task WorkerLost(string worker, int epoch, ImmutableArray<int> delivered, bool byReader);

    /// <summary>Stops it wherever it is and frees what it holds.</summary>
    [Alias("cancel")] Task Cancel(string because);

    /// <summary>From the scheduler: the queue is full and a more urgent request came; one that runs already takes no notice.</summary>
    [Alias("shed")] Task Shed(string because, double retryAfterSeconds);

    /// <summary>From the scheduler: it is this request's turn, on the worker that <paramref name="route"/> names and says why.</summary>
    [Alias("dispatch")] Task Dispatch(Scheduling.Routing.RouteDecision route, Scheduling.Prediction.SegmentForecast forecast);

    /// <summary>From the worker: a segment is over, with all tokens it generated.</summary>
    [Alias("segment-ended")] Task SegmentEnded(SegmentReport report);

    /// <summary>From itself: all server-side tools of the pause at <paramref name="segmentStart"/> have answered.</summary>
    [Alias("tools-returned")] Task ToolsReturned(int segmentStart, ImmutableArray<ToolResult> results);

    /// <summary>From a tool, or from the client that runs it: the call under that id returns in so many seconds. It may say so again.</summary>
    /// <returns>False where the request does not wait for that call.</returns>
    [Alias("expect-tool")] Task<bool> ExpectTool(string call, double seconds);

    /// <summary>From itself: the tool has taken the call and brings the result within so many seconds.</summary>
    [Alias("defer-tool")] Task DeferTool(string call, double seconds);

    /// <summary>From a server-side tool: the result of a call that it answers itself. Idempotent.</summary>
    [Alias("bring-result")] Task<ToolWord> BringResult(ToolProof proof, string content, bool failed);

    /// <summary>From a tool, or from the client that runs it: how long a call still takes, or how much of it is done (0 to 1).</summary>
    [Alias("tool-progress")] Task<ToolWord> ToolProgress(ToolProof proof, double? secondsLeft, double? share);

    /// <summary>From the worker: what was decided about the parked cache has changed.</summary>
    [Alias("receipt-revised")] Task ReceiptRevised(int epoch, PauseReceipt receipt);

    /// <summary>
    /// Has the sequence moved to another worker of its pool, running or parked, with its cache: it goes on where it is meanwhile, and stays there if
    /// anything fails.
    /// </summary>
    [Alias("migrate")] Task<MigrationStart> Migrate(string target, MigrationReason reason);

    /// <summary>From the worker that has fetched the sequence: it asks to own it. Idempotent.</summary>
    /// <param name="parked">It came as a parked one; else it has stopped for the switch.</param>
    /// <returns>Why not; null: it is the owner.</returns>
    [Alias("take-over")] Task<string?> TakeOver(string worker, int epoch, bool parked, int segmentStart);

    /// <summary>From the worker that was to have the sequence: it stays where it is.</summary>
    [Alias("move-failed")] Task MoveFailed(int epoch, string because);

    /// <summary>For operators: timeline, rank, receipts, usage. Null when nobody knows the id.</summary>
    [AlwaysInterleave, Alias("describe")] Task<RequestDescription?> Describe();
}

/// <summary>Which call somebody speaks of, and what he may speak by: the call's own secret, or the tenant whose key he has.</summary>
[GenerateSerializer, Alias("pharos.tool-proof")]
public sealed record ToolProof([property: Id(0)] string Call, [property: Id(1)] string? Secret, [property: Id(2)] string? Tenant);

/// <param name="From">The worker it is on; null: none.</param>
/// <param name="Because">Why it does not move; null: it is on its way.</param>
[GenerateSerializer, Alias("pharos.migration-start")]
public sealed record MigrationStart(
    [property: Id(0)] string Request, [property: Id(1)] string? From, [property: Id(2)] string To, [property: Id(3)] bool Started, [property: Id(4)] string? Because);

/// <param name="TooLarge">It can never be served here: asking again is no use.</param>
/// <param name="RetryAfterSeconds">It was shed: when to try again.</param>
[GenerateSerializer, Alias("pharos.request-accepted")]
public sealed record RequestAccepted([property: Id(0)] bool Accepted, [property: Id(1)] string? Because, [property: Id(2)] bool TooLarge = false,
    [property: Id(3)] double? RetryAfterSeconds = null);

[GenerateSerializer, Alias("pharos.rank-description")]
public sealed record RankDescription(
    [property: Id(0)] string Policy, [property: Id(1)] double Score, [property: Id(2)] int Position, [property: Id(3)] string Because);

/// <summary>What <c>GET /admin/requests/{id}</c> shows.</summary>
/// <param name="ArrivalAt">Unix seconds; times of the timeline and of receipts count from here.</param>
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
    [property: Id(8)] RequestUsage Usage,
    [property: Id(9)] double ArrivalAt = 0);
