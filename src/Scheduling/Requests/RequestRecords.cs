using System.Collections.Immutable;

namespace Pharos.Scheduling.Requests;

/// <param name="Pool">Model pool that serves it; also the scheduler grain's key.</param>
/// <param name="Tokens">The prompt, chat template applied.</param>
/// <param name="ToolNames">Tools offered. A call to any other is text.</param>
/// <param name="Transcript">A hash of the tools, then one a message of the prompt, to tell on resume whether the client's transcript still is the same.</param>
/// <param name="Priority">Lower is sooner; default 0.</param>
/// <param name="ToolSecret">What server-side tools prove themselves by, each call with one of its own made of it; null: they have none.</param>
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
    [property: Id(8)] int Priority,
    [property: Id(12)] string? ToolSecret = null)
{
    /// <summary>The span that it is below, as W3C's <c>traceparent</c>; null: nobody traces it.</summary>
    [Id(30)] public string? Trace { get; init; }
}

/// <param name="SegmentStart">The pause they answer, from the call ids.</param>
/// <param name="Results">In the order of the calls.</param>
/// <param name="Transcript">Hashes of the tools and of the messages before the assistant message that holds the calls.</param>
/// <param name="NewRequest">
/// Id to fork under, should this pause have been resumed already. New with every attempt of a client, the same whenever that is repeated.
/// </param>
[GenerateSerializer, Alias("pharos.resume-spec")]
public sealed record ResumeSpec(
    [property: Id(0)] string Tenant,
    [property: Id(1)] string Gateway,
    [property: Id(2)] int SegmentStart,
    [property: Id(3)] ImmutableArray<ToolResult> Results,
    [property: Id(4)] ImmutableArray<string> Transcript,
    [property: Id(5)] GenerationOptions Options,
    [property: Id(6)] string NewRequest)
{
    /// <summary>The span that it is below, as W3C's <c>traceparent</c>; null: nobody traces it.</summary>
    [Id(30)] public string? Trace { get; init; }
}

[GenerateSerializer, Alias("pharos.resume-kind")]
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

    /// <summary>The request has not heard yet that the segment has ended which made these calls: ask again in a moment.</summary>
    TooEarly,
}

/// <param name="Request">The id to follow.</param>
/// <param name="FromNotice">The notice to follow from.</param>
/// <param name="Because">For <see cref="ResumeKind.Incomplete"/>: the ids still missing.</param>
[GenerateSerializer, Alias("pharos.resume-outcome")]
public sealed record ResumeOutcome(
    [property: Id(0)] ResumeKind Kind, [property: Id(1)] string Request, [property: Id(2)] int FromNotice, [property: Id(3)] string? Because);

[GenerateSerializer, Alias("pharos.notice-kind")]
public enum NoticeKind
{
    /// <summary>Waits for its turn; Text says why.</summary>
    Queued,

    /// <summary>From <see cref="RequestNotice.Position"/> on, tokens come from Worker under Epoch; those of earlier epochs are void. Text names the model, where it is known.</summary>
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

    /// <summary>A segment is over: End says how, Text is all its text, Logprobs those of its last tokens. Whoever missed these has them here.</summary>
    SegmentEnded,

    /// <summary>Nothing new, but the request is there: sent every second of silence, with the number -1.</summary>
    Alive,
}

/// <summary>One step of a request's life, numbered from 0.</summary>
/// <param name="SegmentStart">Absolute position where the segment's generated tokens begin.</param>
/// <param name="Position">For Placed: absolute position of the first token to come.</param>
/// <param name="RetryAfterSeconds">For Failed, of one that was shed: when it is worth trying again.</param>
/// <param name="TooLarge">For Failed: it can never be served here, asking again is no use.</param>
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
    [property: Id(10)] SegmentEndReason? Reason = null,
    [property: Id(11)] SegmentEnd? End = null,
    [property: Id(12)] bool TooLarge = false,
    [property: Id(13)] ImmutableArray<TokenLogprob>? Logprobs = null,
    [property: Id(14)] double? RetryAfterSeconds = null);
