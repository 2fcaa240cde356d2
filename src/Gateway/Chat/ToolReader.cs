using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pharos.Gateway.Http;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Chat;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
internal static partial class ToolReader
{
    private const int MaxTools = 128;

    public static ImmutableArray<ChatTool> Read(RequestFields fields)
    {
        var tools = ImmutableArray.CreateBuilder<ChatTool>();
        foreach (var (value, path) in fields.Array("tools") ?? [])
        {
            var tool = RequestFields.Of(value, path);
            if (tool.RequiredText("type") is var type && type != "function")
                throw ApiException.Invalid($"{path}.type", $"'{path}.type' must be \"function\"; it is \"{type}\".", "invalid_value");
            var function = tool.RequiredObject("function");
            var name = function.RequiredText("name");
            if (!Name().IsMatch(name))
                throw ApiException.Invalid($"{path}.function.name", $"'{path}.function.name' must be 1 to 64 letters, digits, underscores or hyphens; it is \"{name}\".", "invalid_value");
            if (tools.Any(other => other.Name == name))
                throw ApiException.Invalid($"{path}.function.name", $"'{path}.function.name' must be unique; \"{name}\" comes twice.", "invalid_value");
            _ = function.Object("parameters");
            tools.Add(new ChatTool(name, function.Text("description") ?? "", function.Find("parameters")?.GetRawText() ?? "{}"));
        }
        if (tools.Count > MaxTools)
            throw ApiException.Invalid("tools", $"'tools' must have at most {MaxTools} entries; it has {tools.Count}.", "invalid_value");
        return tools.ToImmutable();
    }

    public static bool OffersTools(RequestFields fields) => fields.Find("tool_choice") switch
    {
        null => true,
        { ValueKind: JsonValueKind.String } choice when choice.ValueEquals("auto") => true,
        { ValueKind: JsonValueKind.String } choice when choice.ValueEquals("none") => false,
        { ValueKind: JsonValueKind.String or JsonValueKind.Object } => throw ApiException.Invalid(
            "tool_choice", "'tool_choice' other than \"auto\" and \"none\" is not supported yet.", "unsupported_value"),
        { } choice => throw RequestFields.WrongType("tool_choice", "\"auto\" or \"none\"", choice),
    };

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Name();
}
