using System.Collections.Immutable;

namespace Pharos.Inference.Chat;

public enum ToolCallEventKind
{
    /// <summary>Text for the reader.</summary>
    Content,

    /// <summary>A call begins; Text is the tool's name.</summary>
    Started,

    /// <summary>The next piece of its arguments.</summary>
    Arguments,

    /// <summary>The call is whole: the pieces together are a JSON object.</summary>
    Ended,

    /// <summary>
    /// The arguments broke off or went wrong: the pieces were closed to valid JSON, the call does not count. Text is its markup as
    /// generated, for readers to whom the call was not shown.
    /// </summary>
    Aborted,
}

/// <param name="Index">Number of the call among those begun in the segment; 0 for content.</param>
public readonly record struct ToolCallEvent(ToolCallEventKind Kind, int Index, string Text);

/// <summary>A segment read to its end.</summary>
/// <param name="Content">Everything that is no call.</param>
public sealed record ParsedSegment(string Content, ImmutableArray<ParsedCall> Calls);

/// <param name="Index">The index for <see cref="Scheduling.Requests.ToolCallId.Format"/>: that of its events, which skips calls that were aborted.</param>
/// <param name="Arguments">A JSON object as the model wrote it.</param>
public sealed record ParsedCall(int Index, string Name, string Arguments);
