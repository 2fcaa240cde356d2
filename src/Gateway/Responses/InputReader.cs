using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Responses;

/// <summary>Reads <c>input</c>: a text, or items. Calls that stand together, and the text before them, are one turn of the assistant.</summary>
internal static class InputReader
{
    public static ImmutableArray<ChatMessage> Read(RequestFields fields)
    {
        switch (fields.Find("input"))
        {
            case null:
                throw ApiException.Invalid("input", "'input' is required: a string or an array of items.", "missing_required_parameter");
            case { ValueKind: JsonValueKind.String } text:
                return [ChatMessage.User(RequestFields.StringOf(text, "input"))];
            case { ValueKind: JsonValueKind.Array }:
                var messages = new List<ChatMessage>();
                foreach (var (value, path) in fields.Array("input")!)
                    Add(messages, RequestFields.Of(value, path), path);
                return messages.Count > 0 ? [.. messages] : throw ApiException.Invalid("input", "'input' must have at least one item.", "invalid_value");
            case { } other:
                throw RequestFields.WrongType("input", "a string or an array of items", other);
        }
    }

    private static void Add(List<ChatMessage> messages, RequestFields item, string path)
    {
        switch (item.Text("type") ?? "message")
        {
            case "message":
                messages.Add(Message(item, path));
                break;
            case "function_call":
                var call = new ChatToolCall(item.RequiredText("call_id"), item.RequiredText("name"), item.RequiredText("arguments"));
                if (messages is [.., { Role: ChatRole.Assistant } turn])
                    messages[^1] = turn with { ToolCalls = turn.ToolCalls.Add(call) };
                else
                    messages.Add(ChatMessage.Assistant("", call));
                break;
            case "function_call_output":
                messages.Add(ChatMessage.Tool(item.RequiredText("call_id"), Text(item, "output")));
                break;
            case "reasoning":
                break; // another model's: none here has use for it
            case var type:
                throw ApiException.Invalid(
                    $"{path}.type", $"'{path}.type' must be \"message\", \"function_call\", \"function_call_output\" or \"reasoning\"; \"{type}\" is not supported.", "unsupported_value");
        }
    }

    private static ChatMessage Message(RequestFields item, string path)
    {
        var content = Text(item, "content");
        return item.RequiredText("role") switch
        {
            "user" => ChatMessage.User(content),
            "assistant" => ChatMessage.Assistant(content),
            "system" or "developer" => ChatMessage.System(content),
            var role => throw ApiException.Invalid($"{path}.role", $"'{path}.role' must be \"user\", \"assistant\", \"system\" or \"developer\"; it is \"{role}\".", "invalid_value"),
        };
    }

    private static string Text(RequestFields item, string field)
    {
        switch (item.Find(field))
        {
            case null:
                throw ApiException.Invalid(item.PathOf(field), $"'{item.PathOf(field)}' is required: a string or an array of text parts.", "missing_required_parameter");
            case { ValueKind: JsonValueKind.String } text:
                return RequestFields.StringOf(text, item.PathOf(field));
            case { ValueKind: JsonValueKind.Array }:
                var joined = new StringBuilder();
                foreach (var (value, path) in item.Array(field)!)
                    joined.Append(Part(RequestFields.Of(value, path), path));
                return joined.ToString();
            case { } other:
                throw RequestFields.WrongType(item.PathOf(field), "a string or an array of text parts", other);
        }
    }

    private static string Part(RequestFields part, string path) => part.RequiredText("type") switch
    {
        "input_text" or "output_text" or "text" => part.RequiredText("text"),
        "refusal" => part.RequiredText("refusal"),
        var type => throw ApiException.Invalid($"{path}.type", $"'{path}.type' must be \"input_text\" or \"output_text\"; \"{type}\" is not supported.", "unsupported_value"),
    };
}
