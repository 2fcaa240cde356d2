using System.Collections.Immutable;
using Pharos.Gateway.Http;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>A transcript that ends in results of calls this cluster issued: which parked request they wake, and at which pause.</summary>
/// <param name="Results">In the order of the calls.</param>
/// <param name="Transcript">Hashes of the tools and of the messages before the assistant message that holds the calls.</param>
internal sealed record ResumePlan(string Request, int SegmentStart, ImmutableArray<ToolResult> Results, ImmutableArray<string> Transcript)
{
    /// <summary>
    /// Null where the transcript does not end in results of the last assistant message's calls and of no others, or their ids are not all
    /// ours and of one pause.
    /// </summary>
    /// <param name="tools">Those the client offers with it.</param>
    /// <exception cref="ApiException">A call of the same assistant message has no result.</exception>
    public static ResumePlan? From(ImmutableArray<ChatMessage> messages, ImmutableArray<ChatTool> tools)
    {
        var results = messages.Reverse().TakeWhile(message => message.Role == ChatRole.Tool).Reverse().ToList();
        var assistantAt = messages.Length - results.Count - 1;
        if (results.Count == 0 || assistantAt < 0 || messages[assistantAt].ToolCalls is not { Length: > 0 } calls)
            return null;
        if (results.Any(result => calls.All(call => call.Id != result.ToolCallId)))
            return null; // more was said since than one pause asked for: the transcript has it all
        var missing = calls.Where(call => results.All(result => result.ToolCallId != call.Id)).Select(call => call.Id).ToList();
        if (missing.Count > 0)
            throw new ApiException(Unanswered(string.Join(", ", missing)));

        var pauses = calls.Select(call => ToolCallId.TryParse(call.Id, out var request, out var start, out _) ? (request, start) : default).Distinct().ToList();
        if (pauses is not [(request: { Length: > 0 } parked, start: var segmentStart)])
            return null;
        return new ResumePlan(
            parked,
            segmentStart,
            [.. calls.Select(call => new ToolResult(call.Id, call.Name, results.Last(result => result.ToolCallId == call.Id).Content, Seconds: 0, Failed: false))],
            TranscriptHash.Of(tools, messages[..assistantAt]));
    }

    /// <summary>What a client is told whose results do not cover all calls.</summary>
    public static ApiError Unanswered(string? ids) =>
        ApiError.Invalid("messages", $"Every call of an assistant message needs its result before the answer goes on; no tool message answers: {ids}.", "invalid_value");
}
