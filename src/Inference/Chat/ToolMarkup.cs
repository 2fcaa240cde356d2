using System.Collections.Immutable;
using System.Text;
using Pharos.Inference.Chat.Jinja;

namespace Pharos.Inference.Chat;

/// <summary>How one family of models writes calls of tools into its text. In every family a call names a tool and has a JSON object of arguments.</summary>
/// <param name="Name">As configuration has it.</param>
/// <param name="Openers">Texts that open calls, wherever they come.</param>
/// <param name="Closer">What ends them, where something does.</param>
/// <param name="ArgumentsKey">The member that holds the arguments, when we write a call ourselves; both known keys are read in every family.</param>
public sealed record ToolMarkup(string Name, ImmutableArray<string> Openers, string? Closer, string ArgumentsKey)
{
    /// <summary>An answer that begins with JSON may be a call, without any opener.</summary>
    public bool AllowsBareJson { get; init; }

    /// <summary>Calls may stand in an array.</summary>
    public bool AllowsArray { get; init; }

    /// <summary>The name may stand before the JSON, which then is the arguments alone.</summary>
    public bool AllowsNameFirst { get; init; }

    /// <summary>What stands between the opener and the first call, between calls, and behind the last, where a grammar writes them.</summary>
    public (string First, string Between, string Last) Frame { get; init; } = ("", "", "");

    /// <summary>Texts that are special tokens of their families' vocabularies: a segment that may hold calls has to show them.</summary>
    public ImmutableArray<string> Tokens { get; init; } = [];

    /// <summary><c>&lt;tool_call&gt;{"name": ..., "arguments": {...}}&lt;/tool_call&gt;</c>: Hermes, Qwen and most who use ChatML.</summary>
    public static ToolMarkup Hermes { get; } = new("hermes", ["<tool_call>"], "</tool_call>", "arguments")
    {
        Frame = ("", "<tool_call>", ""), Tokens = ["<tool_call>", "</tool_call>"],
    };

    /// <summary><c>{"name": ..., "parameters": {...}}</c> as the whole answer, or behind <c>&lt;|python_tag|&gt;</c>; several parted by semicolons: Llama 3.x.</summary>
    public static ToolMarkup Llama3 { get; } = new("llama3", ["<|python_tag|>"], null, "parameters")
    {
        AllowsBareJson = true, Frame = ("", ";", ""), Tokens = ["<|python_tag|>"],
    };

    /// <summary><c>[TOOL_CALLS] [{"name": ..., "arguments": {...}}]</c>, or <c>[TOOL_CALLS]name[ARGS]{...}</c> of the later models: Mistral.</summary>
    public static ToolMarkup Mistral { get; } = new("mistral", ["[TOOL_CALLS]"], null, "arguments")
    {
        AllowsArray = true, AllowsNameFirst = true, Frame = ("[", ",", "]"), Tokens = ["[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"],
    };

    /// <summary>A fenced block that holds a call, or an array of calls: Gemma, and models that never learned a markup of their own.</summary>
    public static ToolMarkup Fenced { get; } = new("fenced", ["```tool_call", "```tool_code", "```json"], "```", "parameters")
    {
        AllowsArray = true, Frame = ("", "```tool_call", ""),
    };

    public static ImmutableArray<ToolMarkup> All { get; } = [Hermes, Llama3, Mistral, Fenced];

    /// <summary>The family whose marks a chat template writes; Hermes where it writes none.</summary>
    public static ToolMarkup Of(string template)
    {
        return Has("[TOOL_CALLS]") ? Mistral
            : Has("<tool_call>") ? Hermes
            : Has("<|python_tag|>") || Has("<|start_header_id|>") ? Llama3
            : Has("```tool") || Has("<start_of_turn>") ? Fenced
            : Has("[INST]") ? Mistral
            : Hermes;

        bool Has(string mark) => template.Contains(mark, StringComparison.Ordinal);
    }

    /// <summary>The calls as the family writes them, for templates that can't.</summary>
    public string Write(IEnumerable<ChatToolCall> calls)
    {
        var written = calls.Select(call => $"{{\"name\": \"{call.Name}\", \"{ArgumentsKey}\": {call.Arguments}}}").ToList();
        return AllowsArray && this != Fenced
            ? $"{Openers[0]}[{string.Join(", ", written)}]"
            : string.Join("\n", written.Select(call => Closer is null ? Openers[0] + call : $"{Openers[0]}\n{call}\n{Closer}"));
    }

    /// <summary>What a model is told of the tools it may call, where its template has no place for them.</summary>
    public string Instruct(IEnumerable<ChatTool> tools)
    {
        var text = new StringBuilder("You may call functions. These are available, one JSON description a line:\n");
        foreach (var tool in tools)
            text.Append(Describe(tool)).Append('\n');
        var example = Write([new ChatToolCall("", "NAME", "{\"ARGUMENT\": VALUE}")]);
        return text.Append("To call one, answer with nothing but this, in exactly this form:\n").Append(example).Append("\nThe result comes with the next message.").ToString();
    }

    private static string Describe(ChatTool tool) => JinjaJson.Write(ChatValues.Of(tool)).Text;

    public override string ToString() => Name;
}
