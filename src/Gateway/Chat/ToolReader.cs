using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Pharos.Gateway.Http;
using Pharos.Inference.Chat;
using Pharos.Inference.Grammar;

namespace Pharos.Gateway.Chat;

/// <summary>Reads <c>tools</c>.</summary>
internal static partial class ToolReader
{
    private const int MaxTools = 128;

    /// <param name="flat">A tool's fields stand beside its type, as in the Responses API.</param>
    public static ImmutableArray<ChatTool> Read(RequestFields fields, bool flat = false)
    {
        var tools = ImmutableArray.CreateBuilder<ChatTool>();
        foreach (var (value, path) in fields.Array("tools") ?? [])
        {
            var tool = RequestFields.Of(value, path);
            if (tool.RequiredText("type") is var type && type != "function")
                throw ApiException.Invalid($"{path}.type", $"'{path}.type' must be \"function\"; it is \"{type}\".", "invalid_value");
            var function = flat ? tool : tool.RequiredObject("function");
            var name = function.RequiredText("name");
            if (!Name().IsMatch(name))
                throw ApiException.Invalid(function.PathOf("name"), $"'{function.PathOf("name")}' must be 1 to 64 letters, digits, underscores or hyphens; it is \"{name}\".", "invalid_value");
            if (tools.Any(other => other.Name == name))
                throw ApiException.Invalid(function.PathOf("name"), $"'{function.PathOf("name")}' must be unique; \"{name}\" comes twice.", "invalid_value");
            if (function.Object("parameters") is not null)
                RequestFields.RequireUnicode(function.Find("parameters")!.Value, function.PathOf("parameters"));
            var strict = function.Flag("strict") ?? false;
            tools.Add(new ChatTool(name, function.Text("description") ?? "", strict ? StrictSchema(function) : function.Find("parameters")?.GetRawText() ?? "{}", strict));
        }
        if (tools.Count > MaxTools)
            throw ApiException.Invalid("tools", $"'tools' must have at most {MaxTools} entries; it has {tools.Count}.", "invalid_value");
        return tools.ToImmutable();
    }

    private static string StrictSchema(RequestFields function)
    {
        var schema = function.Find("parameters")?.GetRawText() ?? """{"type":"object","properties":{},"additionalProperties":false}""";
        try
        {
            SegmentGrammar.RequireArguments(schema);
            return schema;
        }
        catch (SchemaException exception)
        {
            throw ResponseFormatReader.Refusal(function.PathOf("parameters"), exception);
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Name();
}
