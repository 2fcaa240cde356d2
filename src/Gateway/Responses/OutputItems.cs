using System.Text;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Models;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Responses;

/// <summary>Makes items of an answer's steps: one is open at a time, a message or a call. Says what a reader of the stream is to hear.</summary>
internal sealed class OutputItems(string response, TokenTexts tokens)
{
    private readonly List<OutputItem> _done = [];
    private readonly HashSet<string> _calls = [];
    private readonly StringBuilder _text = new(); // of the open item: content or arguments
    private readonly List<LogprobJson> _logprobs = [];
    private OutputItem? _open;

    /// <summary>Those that are whole.</summary>
    public IReadOnlyList<OutputItem> Done => _done;

    /// <summary>All text of the messages.</summary>
    public string Text => string.Concat(_done.SelectMany(item => item.Content ?? []).Select(part => part.Text));

    /// <summary>Events without their numbers.</summary>
    public IReadOnlyList<ResponseEvent> Take(ChatEvent step)
    {
        var events = new List<ResponseEvent>();
        switch (step)
        {
            case ChatEvent.Content { Text: var text, Logprobs: var logprobs }:
                Say(text, logprobs, events);
                break;
            case ChatEvent.CallStarted { Id: var id, Name: var name }:
                Close(events);
                Open(new OutputItem("function_call", $"fc_{response}_{_done.Count}", "in_progress", CallId: id, Name: name, Arguments: ""), events);
                break;
            case ChatEvent.CallArguments { Fragment: var fragment }:
                _text.Append(fragment);
                events.Add(At("response.function_call_arguments.delta") with { Delta = fragment });
                break;
            case ChatEvent.Ended { Calls: var calls, FinishReason: var reason }:
                Close(events, reason == "length" ? "incomplete" : "completed");
                foreach (var call in calls.Where(call => !_calls.Contains(call.Id)))
                    Add(call, events);
                break;
        }
        return events;
    }

    private void Say(string text, IReadOnlyList<TokenLogprob>? logprobs, List<ResponseEvent> events)
    {
        if (text.Length > 0 && _open is not { Type: "message" })
        {
            Close(events);
            Open(new OutputItem("message", $"msg_{response}_{_done.Count}", "in_progress", "assistant", []), events);
            events.Add(At("response.content_part.added") with { Part = Part() });
        }
        if (_open is not { Type: "message" })
            return; // tokens of a call's markup
        LogprobJson[] told = [.. (logprobs ?? []).Where(one => !tokens.Ends(one.Token)).Select(one => LogprobJson.Of(one, tokens))];
        _logprobs.AddRange(told);
        _text.Append(text);
        if (text.Length > 0 || told.Length > 0)
            events.Add(At("response.output_text.delta") with { Delta = text, Logprobs = told });
    }

    private void Add(ToolCall call, List<ResponseEvent> events)
    {
        Open(new OutputItem("function_call", $"fc_{response}_{_done.Count}", "in_progress", CallId: call.Id, Name: call.Name, Arguments: ""), events);
        _text.Append(call.Arguments);
        events.Add(At("response.function_call_arguments.delta") with { Delta = call.Arguments });
        Close(events);
    }

    private void Open(OutputItem item, List<ResponseEvent> events)
    {
        _open = item;
        _text.Clear();
        _logprobs.Clear();
        if (item.CallId is { } call)
            _calls.Add(call);
        events.Add(new ResponseEvent("response.output_item.added", 0, OutputIndex: _done.Count, Item: item));
    }

    private void Close(List<ResponseEvent> events, string status = "completed")
    {
        if (_open is not { } open)
            return;
        if (open.Type == "message")
        {
            events.Add(At("response.output_text.done") with { Text = _text.ToString(), Logprobs = [.. _logprobs] });
            events.Add(At("response.content_part.done") with { Part = Part() });
            open = open with { Content = [Part()] };
        }
        else
        {
            events.Add(At("response.function_call_arguments.done") with { Name = open.Name, Arguments = _text.ToString() });
            open = open with { Arguments = _text.ToString() };
        }
        open = open with { Status = status };
        events.Add(new ResponseEvent("response.output_item.done", 0, OutputIndex: _done.Count, Item: open));
        _done.Add(open);
        _open = null;
    }

    private OutputText Part() => new("output_text", _text.ToString(), [], [.. _logprobs]);

    private ResponseEvent At(string type) => new(type, 0, ItemId: _open!.Id, OutputIndex: _done.Count, ContentIndex: _open.Type == "message" ? 0 : null);
}
