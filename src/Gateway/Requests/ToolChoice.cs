using System.Collections.Immutable;
using System.Text.Json;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Requests;

internal enum ToolMode
{
    None,
    Auto,

    /// <summary>The answer consists of calls.</summary>
    Required,
}

/// <summary><c>tool_choice</c> and <c>parallel_tool_calls</c>.</summary>
/// <param name="Only">Names that may be called; empty: all offered.</param>
internal sealed record ToolChoice(ToolMode Mode, ImmutableArray<string> Only, bool Parallel)
{
    public static ToolChoice Auto { get; } = new(ToolMode.Auto, [], Parallel: true);

    /// <summary>Reads both; names must be of offered tools.</summary>
    /// <param name="tools">Those the request offers.</param>
    /// <param name="offersOthers">Tools that are not listed may be offered too, those of the cluster's registry.</param>
    public static ToolChoice Read(RequestFields fields, ImmutableArray<ChatTool> tools, bool offersOthers)
    {
        var parallel = fields.Flag("parallel_tool_calls") ?? true;
        var (mode, only) = fields.Find("tool_choice") switch
        {
            null => (ToolMode.Auto, []),
            { ValueKind: JsonValueKind.String } choice => (ModeOf(RequestFields.StringOf(choice, "tool_choice"), "tool_choice"), []),
            { ValueKind: JsonValueKind.Object } => Named(fields.Object("tool_choice")!.Value),
            { } choice => throw RequestFields.WrongType("tool_choice", "\"none\", \"auto\", \"required\" or an object", choice),
        };
        if (mode == ToolMode.Required && tools.IsEmpty && !offersOthers)
            throw ApiException.Invalid("tool_choice", "'tool_choice' wants a call, and 'tools' offers none.", "invalid_value");
        foreach (var name in only)
        {
            if (tools.All(tool => tool.Name != name) && !(offersOthers && tools.IsEmpty))
                throw ApiException.Invalid("tool_choice", $"'tool_choice' names \"{name}\", which is not in 'tools'.", "invalid_value");
        }
        return new ToolChoice(mode, only, parallel);
    }

    private static (ToolMode, ImmutableArray<string>) Named(RequestFields choice)
    {
        switch (choice.RequiredText("type"))
        {
            case "function":
                return (ToolMode.Required, [NameIn(choice)]);
            case "allowed_tools":
                var allowed = choice.Object("allowed_tools") ?? choice; // nested in chat completions, flat in responses
                var tools = allowed.Array("tools") ?? throw ApiException.Invalid(allowed.PathOf("tools"), $"'{allowed.PathOf("tools")}' is required: an array.", "missing_required_parameter");
                if (tools.Count == 0)
                    throw ApiException.Invalid(allowed.PathOf("tools"), $"'{allowed.PathOf("tools")}' must name at least one tool.", "invalid_value");
                return (ModeOf(allowed.RequiredText("mode"), allowed.PathOf("mode")), [.. tools.Select(tool => NameIn(RequestFields.Of(tool.Value, tool.Path))).Distinct()]);
            case var type:
                throw ApiException.Invalid("tool_choice.type", $"'tool_choice.type' must be \"function\" or \"allowed_tools\"; \"{type}\" is not supported.", "unsupported_value");
        }
    }

    private static string NameIn(RequestFields tool) => (tool.Object("function") ?? tool).RequiredText("name");

    private static ToolMode ModeOf(string mode, string path) => mode switch
    {
        "none" => ToolMode.None,
        "auto" => ToolMode.Auto,
        "required" => ToolMode.Required,
        _ => throw ApiException.Invalid(path, $"'{path}' must be \"none\", \"auto\" or \"required\"; it is \"{mode}\".", "invalid_value"),
    };
}
