using System.Collections.Immutable;
using Pharos.Inference.Chat.Jinja;

namespace Pharos.Inference.Chat;

/// <summary>Conversations in the shape that chat templates expect: that of OpenAI's messages, arguments of calls as mappings.</summary>
internal static class ChatValues
{
    /// <param name="idOf">How ids of calls are spelled for this template.</param>
    public static JinjaList Of(IReadOnlyList<ChatMessage> messages, Func<string, string> idOf)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal); // of tools, by call
        var values = new List<object?>();
        foreach (var message in messages)
        {
            foreach (var call in message.ToolCalls)
                names[call.Id] = call.Name;
            values.Add(Of(message, idOf, names));
        }
        return new JinjaList(values);
    }

    /// <summary>Null where there are none, as templates ask for it.</summary>
    public static JinjaList? Of(IReadOnlyList<ChatTool> tools) => tools.Count == 0 ? null : new JinjaList([.. tools.Select(Of)]);

    public static JinjaMap Of(ChatTool tool) => Map(
        ("type", Given("function")),
        ("function", Map(("name", Given(tool.Name)), ("description", Given(tool.Description)), ("parameters", JinjaJson.ReadOrText(tool.Schema)))));

    private static JinjaMap Of(ChatMessage message, Func<string, string> idOf, Dictionary<string, string> names)
    {
        var members = new List<(string, object?)> { ("role", Given(RoleName(message.Role))), ("content", Given(message.Content)) };
        if (!message.ToolCalls.IsEmpty)
            members.Add(("tool_calls", new JinjaList([.. message.ToolCalls.Select(call => Of(call, idOf))])));
        if (message.ToolCallId is { } id)
        {
            members.Add(("tool_call_id", Given(idOf(id))));
            if (names.TryGetValue(id, out var name))
                members.Add(("name", Given(name)));
        }
        return Map([.. members]);
    }

    private static JinjaMap Of(ChatToolCall call, Func<string, string> idOf) => Map(
        ("id", Given(idOf(call.Id))), ("type", Given("function")),
        ("function", Map(("name", Given(call.Name)), ("arguments", JinjaJson.ReadOrText(call.Arguments)))));

    private static JinjaMap Map(params ImmutableArray<(string Key, object? Value)> members) =>
        new(members.Select(member => KeyValuePair.Create(MarkedText.Own(member.Key), member.Value)));

    private static MarkedText Given(string text) => MarkedText.Given(text);

    private static string RoleName(ChatRole role) => role switch
    {
        ChatRole.System => "system",
        ChatRole.User => "user",
        ChatRole.Assistant => "assistant",
        _ => "tool",
    };
}
