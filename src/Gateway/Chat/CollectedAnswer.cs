using System.Text;
using Pharos.Gateway.Http;
using Pharos.Gateway.Models;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>Collects the steps of one answer.</summary>
internal sealed class CollectedAnswer
{
    private readonly StringBuilder _content = new();
    private readonly List<TokenLogprob> _logprobs = [];
    private readonly List<ToolCall> _made = [];
    private readonly List<ToolResult> _returned = [];
    private bool _tellsLogprobs;

    /// <summary>How it ended; null while it goes on.</summary>
    public ChatEvent.Ended? End { get; private set; }

    public string Text => _content.ToString();

    /// <summary>Null where nobody asked for them.</summary>
    public IReadOnlyList<TokenLogprob>? Logprobs => _tellsLogprobs ? _logprobs : null;

    /// <summary>Calls that the cluster made itself, with what became of them.</summary>
    public ServerCallJson[] ServerCalls => [.. _made.Select(Show)];

    /// <exception cref="ApiException">The answer failed.</exception>
    public void Add(ChatEvent step)
    {
        switch (step)
        {
            case ChatEvent.Content { Text: var text, Logprobs: var logprobs }:
                _content.Append(text);
                _tellsLogprobs |= logprobs is not null;
                _logprobs.AddRange(logprobs ?? []);
                break;
            case ChatEvent.ServerCall { Call: var call }:
                _made.Add(call);
                break;
            case ChatEvent.ServerResult { Result: var result }:
                _returned.Add(result);
                break;
            case ChatEvent.Failed failed:
                throw new ApiException(ApiError.NotServed(failed.Because, failed.TooLarge, failed.RetryAfterSeconds));
            case ChatEvent.Ended ended:
                End = ended;
                break;
        }
    }

    public ChatChoice ToChoice(int index, TokenTexts tokens)
    {
        var calls = End!.Calls.Select(call => new ChatCallJson(call.Id, "function", new ChatFunctionJson(call.Name, call.Arguments))).ToArray();
        var content = _content.Length == 0 && calls.Length > 0 ? null : Text;
        var message = new ChatAnswerMessage("assistant", content, null, calls.Length > 0 ? calls : null);
        return new ChatChoice(index, message, Logprobs is { } logprobs ? ChatLogprobs.Of(logprobs, tokens) : null, End.FinishReason);
    }

    private ServerCallJson Show(ToolCall call)
    {
        var result = _returned.FirstOrDefault(result => result.CallId == call.Id);
        return new ServerCallJson(call.Id, call.Name, call.Arguments, result?.Content, result?.Seconds, result?.Failed);
    }
}
