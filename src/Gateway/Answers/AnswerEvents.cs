using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Answers;

/// <summary>What reaches an answer from its two sources: notices of the request, deltas of the workers.</summary>
internal abstract record AnswerInput
{
    public sealed record Notice(RequestNotice Value) : AnswerInput;

    public sealed record Delta(string Worker, SequenceDelta Value) : AnswerInput;

    /// <summary>The worker's stream broke; whatever it had not delivered is lost.</summary>
    public sealed record FeedLost(string Worker) : AnswerInput;

    /// <summary>The request's notices ended and there will be none.</summary>
    public sealed record FollowEnded : AnswerInput;

    /// <summary>The request's notices can't be had, though it was tried again.</summary>
    public sealed record FollowFailed(string Because) : AnswerInput;
}

/// <summary>One step of an answer, in the order the client is to see them.</summary>
internal abstract record AnswerEvent
{
    /// <summary>It waits for its turn.</summary>
    public sealed record Waiting(string? Because) : AnswerEvent;

    /// <summary>What follows comes from this model, or candidate of a family.</summary>
    public sealed record AnsweredBy(string Model) : AnswerEvent;

    public sealed record Text(int SegmentStart, FreshText Fresh) : AnswerEvent
    {
        public Text(int segmentStart, string value)
            : this(segmentStart, new FreshText(value, []))
        {
        }

        public string Value => Fresh.Text;
    }

    /// <summary>All text of the segment has been given.</summary>
    public sealed record SegmentEnded(int SegmentStart, SegmentEnd End) : AnswerEvent;

    /// <summary>The cluster calls a tool.</summary>
    public sealed record ToolStarted(ToolCall Call) : AnswerEvent;

    public sealed record ToolReturned(ToolResult Result) : AnswerEvent;

    /// <summary>Nothing follows.</summary>
    public sealed record Ended(SegmentEndReason Reason, RequestUsage Usage) : AnswerEvent;

    /// <summary>Nothing follows.</summary>
    public sealed record Failed(string Because, bool TooLarge = false, double? RetryAfterSeconds = null) : AnswerEvent;
}

/// <summary>What the merge wants done.</summary>
internal abstract record AnswerEffect
{
    public sealed record OpenFeed(string Worker) : AnswerEffect;

    /// <summary>Tell the request that its worker is lost, and what the client has of the running segment.</summary>
    public sealed record ReportLoss(string Worker, int Epoch, ImmutableArray<int> Delivered) : AnswerEffect;
}
