using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Pharos.Gateway.Http;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Chat;

/// <summary>Reads <c>messages</c>: text only, and every tool message answers a call of an assistant message before it.</summary>
internal static class MessageReader
{
    private const string Roles = "\"system\", \"developer\", \"user\", \"assistant\" or \"tool\"";

    public static ImmutableArray<ChatMessage> Read(RequestFields fields)
    {
        var given = fields.Array("messages") ?? throw ApiException.Invalid("messages", "'messages' is required: an array of messages.", "missing_required_parameter");
        if (given.Count == 0)
            throw ApiException.Invalid("messages", "'messages' must have at least one message.", "invalid_value");
        var messages = ImmutableArray.CreateBuilder<ChatMessage>(given.Count);
        foreach (var (value, path) in given)
            messages.Add(ReadOne(RequestFields.Of(value, path), path));
        var read = messages.MoveToImmutable();
        RequireAnswerable(read, "messages");
        return read;
    }

    /// <summary>Every result answers a call that was made before it.</summary>
    /// <param name="field">What holds the messages.</param>
    /// <exception cref="ApiException">One does not.</exception>
    public static void RequireAnswerable(ImmutableArray<ChatMessage> messages, string field)
    {
        var answerable = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < messages.Length; i++)
        {
            answerable.UnionWith(messages[i].ToolCalls.Select(call => call.Id));
            if (messages[i].ToolCallId is not { } answered || answerable.Contains(answered))
                continue;
            var (param, called) = field == "messages" ? ($"messages[{i}].tool_call_id", "no assistant message before it holds such a call") : (field, "no call before its result has this id");
            throw ApiException.Invalid(param, $"'{param}' is \"{answered}\"; {called}.", "invalid_value");
        }
    }

    private static ChatMessage ReadOne(RequestFields message, string path)
    {
        var role = message.RequiredText("role");
        return role switch
        {
            "system" or "developer" => ChatMessage.System(Content(message, path)),
            "user" => ChatMessage.User(Content(message, path)),
            "assistant" => ReadAssistant(message, path),
            "tool" => ChatMessage.Tool(message.RequiredText("tool_call_id"), Content(message, path)),
            _ => throw ApiException.Invalid($"{path}.role", $"'{path}.role' must be {Roles}; it is \"{role}\".", "invalid_value"),
        };
    }

    private static ChatMessage ReadAssistant(RequestFields message, string path)
    {
        var calls = ImmutableArray.CreateBuilder<ChatToolCall>();
        foreach (var (value, at) in message.Array("tool_calls") ?? [])
        {
            var call = RequestFields.Of(value, at);
            var function = call.RequiredObject("function");
            calls.Add(new ChatToolCall(call.RequiredText("id"), function.RequiredText("name"), function.RequiredText("arguments")));
        }
        var content = message.Find("content") is null && calls.Count > 0 ? "" : Content(message, path);
        return ChatMessage.Assistant(content, calls.ToImmutable());
    }

    private static string Content(RequestFields message, string path)
    {
        var at = $"{path}.content";
        switch (message.Find("content"))
        {
            case null:
                throw ApiException.Invalid(at, $"'{at}' is required: a string or an array of text parts.", "missing_required_parameter");
            case { ValueKind: JsonValueKind.String } text:
                return RequestFields.StringOf(text, at);
            case { ValueKind: JsonValueKind.Array }:
                var joined = new StringBuilder();
                foreach (var (value, partPath) in message.Array("content")!)
                    joined.Append(Part(RequestFields.Of(value, partPath), partPath));
                return joined.ToString();
            case { } other:
                throw RequestFields.WrongType(at, "a string or an array of text parts", other);
        }
    }

    private static string Part(RequestFields part, string path) => part.RequiredText("type") switch
    {
        "text" => part.RequiredText("text"),
        "refusal" => part.RequiredText("refusal"),
        var type => throw ApiException.Invalid($"{path}.type", $"'{path}.type' must be \"text\"; \"{type}\" is not supported.", "unsupported_value"),
    };
}
