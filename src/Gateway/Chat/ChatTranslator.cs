using Pharos.Gateway.Answers;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>
/// Turns an answer into what a chat client sees: takes tool markup out of the text and gives the calls their ids. Pure.
/// </summary>
/// <remarks>
/// The worker's word on which calls count (<see cref="SegmentEnd.Calls"/>) is final: a call that was not recognised while streaming is
/// given whole at the end. Calls that the cluster runs itself are shown when it runs them, not as markup.
/// </remarks>
internal sealed class ChatTranslator(string request, RequestSpec spec, IChatFormat format, bool streaming)
{
    /// <summary>The client's calls are shown as they come; a reader of the whole answer gets them with its end.</summary>
    private readonly bool _showsCalls = streaming && spec.ToolUse == ToolUse.Client;

    private readonly List<ToolCallEvent> _parsed = [];
    private readonly Dictionary<int, int> _shown = []; // the parser's index -> the response's
    private readonly List<ToolCall> _calls = [];
    private ToolCallParser? _parser;
    private int _segment = -1;
    private int _callsShown;

    public IReadOnlyList<ChatEvent> Translate(AnswerEvent step)
    {
        var events = new List<ChatEvent>();
        switch (step)
        {
            case AnswerEvent.Text { SegmentStart: var segment, Fresh: var fresh }:
                Show(segment, fresh.Text, events);
                if (!fresh.Logprobs.IsEmpty)
                    Attach(fresh.Logprobs, events);
                break;
            case AnswerEvent.SegmentEnded { SegmentStart: var segment, End: var end }:
                EndSegment(segment, end, events);
                break;
            case AnswerEvent.ToolStarted { Call: var call }:
                events.Add(new ChatEvent.ServerCall(call));
                break;
            case AnswerEvent.ToolReturned { Result: var result }:
                events.Add(new ChatEvent.ServerResult(result));
                break;
            case AnswerEvent.Ended { Reason: var reason, Usage: var usage }:
                events.Add(new ChatEvent.Ended(FinishReason(reason), _calls, usage));
                break;
            case AnswerEvent.Failed failed:
                events.Add(new ChatEvent.Failed(failed.Because, failed.TooLarge, failed.RetryAfterSeconds));
                break;
        }
        return events;
    }

    private void Show(int segment, string text, List<ChatEvent> events)
    {
        if (ParserOf(segment) is { } parser)
        {
            _parsed.Clear();
            parser.Feed(text, _parsed);
            Show(events);
        }
        else if (text.Length > 0)
        {
            events.Add(new ChatEvent.Content(text));
        }
    }

    // Tokens whose text is markup, or still to come, have theirs told with no text.
    private static void Attach(IReadOnlyList<TokenLogprob> logprobs, List<ChatEvent> events)
    {
        if (events is [ChatEvent.Content content, ..])
            events[0] = content with { Logprobs = logprobs };
        else
            events.Insert(0, new ChatEvent.Content("", logprobs));
    }

    private ToolCallParser? ParserOf(int segment)
    {
        if (spec.ToolUse == ToolUse.None)
            return null;
        if (segment != _segment)
        {
            _segment = segment;
            _parser = format.CreateParser(spec.ToolNames);
            _shown.Clear();
        }
        return _parser;
    }

    private void EndSegment(int segment, SegmentEnd end, List<ChatEvent> events)
    {
        if (ParserOf(segment) is not { } parser)
            return;
        _parsed.Clear();
        parser.Complete(_parsed);
        Show(events);
        if (spec.ToolUse != ToolUse.Client || end.Reason != SegmentEndReason.ToolCalls)
            return;
        foreach (var call in end.Calls)
        {
            _calls.Add(call);
            if (!_showsCalls || (ToolCallId.TryParse(call.Id, out _, out _, out var index) && _shown.ContainsKey(index)))
                continue;
            events.Add(new ChatEvent.CallStarted(_callsShown, call.Id, call.Name));
            events.Add(new ChatEvent.CallArguments(_callsShown++, call.Arguments));
        }
    }

    private void Show(List<ChatEvent> events)
    {
        foreach (var part in _parsed)
        {
            switch (part.Kind)
            {
                case ToolCallEventKind.Content:
                    events.Add(new ChatEvent.Content(part.Text));
                    break;
                case ToolCallEventKind.Aborted when !_showsCalls:
                    events.Add(new ChatEvent.Content(part.Text)); // nothing of it was shown
                    break;
                case ToolCallEventKind.Started when _showsCalls:
                    _shown[part.Index] = _callsShown;
                    events.Add(new ChatEvent.CallStarted(_callsShown++, ToolCallId.Format(request, _segment, part.Index), part.Text));
                    break;
                case ToolCallEventKind.Arguments when _showsCalls:
                    events.Add(new ChatEvent.CallArguments(_shown[part.Index], part.Text));
                    break;
            }
        }
    }

    private string FinishReason(SegmentEndReason reason) => reason switch
    {
        SegmentEndReason.Length => "length",
        SegmentEndReason.ToolCalls when _calls.Count > 0 => "tool_calls",
        _ => "stop",
    };
}
