using System.Collections.Immutable;
using Pharos.Scheduling.Batching;

namespace Pharos.Scheduling.Requests;

/// <summary>How tokens of a request are chosen and when generation ends. Validated at the gateway; plain values from there on.</summary>
/// <param name="MaxTokens">Most tokens to generate in one answer (all segments that one HTTP response carries), at least 1.</param>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="TopP">Nucleus, (0, 1].</param>
/// <param name="TopK">0: no limit.</param>
/// <param name="Seed">Together with a token's absolute position it fixes the random number: a replay gives the same text.</param>
/// <param name="Stop">Strings that end generation; not part of the text.</param>
/// <param name="Schema">JSON schema of the answer, as text; null: any text. Tokens are chosen so that the answer keeps it.</param>
/// <param name="Controls">What else has a say in the choice of tokens; null: nothing.</param>
/// <param name="Calls">What calls of tools must be like; null: whatever the model makes of the offered ones.</param>
/// <param name="Logprobs">Tokens to tell log probabilities of at every step, besides that of the chosen one; null: none are told at all.</param>
/// <param name="Objective">What the client may expect of the answer's pace; null: what all requests may.</param>
[GenerateSerializer, Alias("pharos.generation")]
public sealed record GenerationOptions(
    [property: Id(0)] int MaxTokens,
    [property: Id(1)] float Temperature,
    [property: Id(2)] float TopP,
    [property: Id(3)] int TopK,
    [property: Id(4)] ulong Seed,
    [property: Id(5)] ImmutableArray<string> Stop,
    [property: Id(6)] string? Schema = null,
    [property: Id(7)] TokenControls? Controls = null,
    [property: Id(8)] CallRules? Calls = null,
    [property: Id(9)] int? Logprobs = null,
    [property: Id(10)] ServiceObjective? Objective = null);

/// <summary>Who runs the tools that the model calls.</summary>
[GenerateSerializer, Alias("pharos.tool-use")]
public enum ToolUse
{
    /// <summary>No tools were offered: what looks like a call is text.</summary>
    None,

    /// <summary>The client: the response ends with <c>tool_calls</c> and the request stays parked until the results come.</summary>
    Client,

    /// <summary>The cluster, from its registry (<c>"pharos": {"run_tools": true}</c>).</summary>
    Server,
}

/// <summary>One call as the model wrote it. <paramref name="Arguments"/> is a JSON object as text.</summary>
[GenerateSerializer, Alias("pharos.tool-call")]
public sealed record ToolCall([property: Id(0)] string Id, [property: Id(1)] string Name, [property: Id(2)] string Arguments);

/// <summary>What a tool gave back. A failed tool is a result too: <paramref name="Content"/> then holds <c>{"error": ...}</c>.</summary>
/// <param name="Seconds">How long the call took, as measured by who ran it.</param>
/// <param name="IsDeferred">No result yet: the tool will bring it itself, within <paramref name="Seconds"/>.</param>
[GenerateSerializer, Alias("pharos.tool-result")]
public sealed record ToolResult(
    [property: Id(0)] string CallId, [property: Id(1)] string Name, [property: Id(2)] string Content,
    [property: Id(3)] double Seconds, [property: Id(4)] bool Failed, [property: Id(5)] bool IsDeferred = false);

/// <summary>Why a segment ended.</summary>
[GenerateSerializer, Alias("pharos.segment-end-reason")]
public enum SegmentEndReason
{
    /// <summary>The model ended its answer or a stop string came.</summary>
    Stop,

    /// <summary>The token limit or the context's end was reached.</summary>
    Length,

    /// <summary>The model called tools; the request is parked.</summary>
    ToolCalls,

    /// <summary>The client went away or an operator cancelled.</summary>
    Cancelled,
}

/// <summary>The last word of a segment.</summary>
/// <param name="CachedTokens">Context tokens whose keys and values were already there when the segment began.</param>
/// <param name="KvTokenSeconds">Memory-time held on the device by this segment and the pause before it, in token-seconds.</param>
/// <param name="QueueSeconds">Time between arrival at the worker and the first iteration that ran it.</param>
/// <param name="PrefillSeconds">From that iteration to the segment's first token; 0 where it has none.</param>
/// <param name="DecodeSeconds">From the first token to the last; 0 where there is none.</param>
[GenerateSerializer, Alias("pharos.segment-end")]
public sealed record SegmentEnd(
    [property: Id(0)] SegmentEndReason Reason,
    [property: Id(1)] ImmutableArray<ToolCall> Calls,
    [property: Id(2)] int ContextTokens,
    [property: Id(3)] int GeneratedTokens,
    [property: Id(4)] int CachedTokens,
    [property: Id(5)] double KvTokenSeconds,
    [property: Id(6)] double QueueSeconds,
    [property: Id(7)] int Preemptions,
    [property: Id(8)] double PrefillSeconds = 0,
    [property: Id(9)] double DecodeSeconds = 0);

/// <summary>
/// Ids of tool calls name the parked request, so that any gateway finds it from the id alone: <c>call_REQUEST_POSITION_INDEX</c>,
/// POSITION being where the segment that made the call began.
/// </summary>
public static class ToolCallId
{
    public static string Format(string request, int segmentStart, int index) => $"call_{request}_{segmentStart}_{index}";

    /// <summary>The parts of an id this cluster issued; false for anybody else's.</summary>
    public static bool TryParse(string id, out string request, out int segmentStart, out int index)
    {
        request = "";
        segmentStart = index = 0;
        var parts = id.Split('_');
        if (parts.Length != 4 || parts[0] != "call" || parts[1].Length == 0)
            return false;
        request = parts[1];
        return int.TryParse(parts[2], out segmentStart) && int.TryParse(parts[3], out index) && segmentStart >= 0 && index >= 0;
    }
}
