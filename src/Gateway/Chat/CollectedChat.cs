using System.Text;
using Pharos.Gateway.Http;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>Collects an answer into one response.</summary>
internal sealed class CollectedChat(string id, long created, string model)
{
    private readonly StringBuilder _content = new();
    private readonly List<ToolCall> _made = [];
    private readonly List<ToolResult> _returned = [];

    /// <summary>The response, once <paramref name="step"/> was the last.</summary>
    /// <exception cref="ApiException">The answer failed.</exception>
    public ChatCompletion? Add(ChatEvent step)
    {
        switch (step)
        {
            case ChatEvent.Content { Text: var text }:
                _content.Append(text);
                return null;
            case ChatEvent.ServerCall { Call: var call }:
                _made.Add(call);
                return null;
            case ChatEvent.ServerResult { Result: var result }:
                _returned.Add(result);
                return null;
            case ChatEvent.Failed failed:
                throw new ApiException(ApiError.NotServed(failed.Because, failed.TooLarge, failed.RetryAfterSeconds));
            case ChatEvent.Ended ended:
                return Complete(ended);
            default:
                return null;
        }
    }

    private ChatCompletion Complete(ChatEvent.Ended ended)
    {
        var calls = ended.Calls.Select(call => new ChatCallJson(call.Id, "function", new ChatFunctionJson(call.Name, call.Arguments))).ToArray();
        var content = _content.Length == 0 && calls.Length > 0 ? null : _content.ToString();
        var message = new ChatAnswerMessage("assistant", content, null, calls.Length > 0 ? calls : null);
        return new ChatCompletion(
            id, "chat.completion", created, model, [new ChatChoice(0, message, null, ended.FinishReason)], ChatUsage.Of(ended.Usage),
            _made.Count > 0 ? new ChatExtension([.. _made.Select(Show)]) : null);
    }

    private ServerCallJson Show(ToolCall call)
    {
        var result = _returned.FirstOrDefault(result => result.CallId == call.Id);
        return new ServerCallJson(call.Id, call.Name, call.Arguments, result?.Content, result?.Seconds, result?.Failed);
    }
}
