using System.Text.Json;
using Pharos.Inference.Chat;

namespace Pharos.Inference.Grammar;

/// <summary>A compiled grammar: what a segment may say. Immutable.</summary>
/// <param name="Nodes">[node]</param>
/// <param name="Start">Where a segment begins.</param>
/// <param name="Character">The rule for one character of a string.</param>
internal sealed record GrammarNet(IReadOnlyList<GrammarNode> Nodes, int Start, int Character)
{
    private const int MaxSchemaLength = 200_000;

    /// <summary>What <paramref name="schema"/> allows; with tools, calls of some of them instead.</summary>
    /// <exception cref="SchemaException">The schema is not supported.</exception>
    public static GrammarNet Compile(string schema, IReadOnlyCollection<string> tools)
    {
        using var document = Parse(schema);
        var grammar = new GrammarBuilder();
        var rules = new JsonRules(grammar);
        var (start, value) = (grammar.Add(), grammar.Add());
        grammar.Skip(start, value);
        grammar.Byte(start, ' ', value); // many tokenizers begin a text so
        grammar.Call(value, Compile(grammar, rules, document.RootElement), GrammarBuilder.End);
        if (tools.Count > 0)
            Calls(grammar, rules, start, tools);
        return new GrammarNet(grammar.Nodes, start, rules.Character);
    }

    private static int Compile(GrammarBuilder grammar, JsonRules rules, JsonElement schema)
    {
        try
        {
            return SchemaCompiler.Compile(grammar, rules, schema);
        }
        catch (InvalidOperationException) // what reading a name or a text with half a surrogate pair throws
        {
            throw new SchemaException("", "must be valid Unicode");
        }
    }

    private static JsonDocument Parse(string schema)
    {
        if (schema.Length > MaxSchemaLength)
            throw new SchemaException("", $"has {schema.Length} characters; at most {MaxSchemaLength} are supported");
        try
        {
            return JsonDocument.Parse(schema);
        }
        catch (JsonException exception)
        {
            throw new SchemaException("", $"is not JSON: {exception.Message}");
        }
    }

    // As ToolCallParser reads them: one or several, each with an offered name and an object of arguments.
    private static void Calls(GrammarBuilder grammar, JsonRules rules, int start, IReadOnlyCollection<string> tools)
    {
        var (opened, name, named, member, valued, arguments) = (grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add());
        grammar.Text(start, ToolCallParser.OpenTag, opened);
        int key = grammar.Add(), colon = grammar.Add();
        rules.Mark(opened, '{', key);
        rules.SpacedCall(key, Word(grammar, ["\"name\""]), colon);
        rules.Mark(colon, ':', name);
        rules.SpacedCall(name, Word(grammar, tools.Select(tool => $"\"{tool}\"")), named);
        rules.Mark(named, ',', member);
        rules.SpacedCall(member, Word(grammar, ["\"arguments\""]), valued);
        int value = grammar.Add(), close = grammar.Add(), closed = grammar.Add();
        rules.Mark(valued, ':', value);
        rules.SpacedCall(value, rules.Map(rules.Any), arguments);
        rules.Mark(arguments, '}', close);
        rules.SpacedCall(close, Word(grammar, [ToolCallParser.CloseTag]), closed);
        rules.Space(closed, GrammarBuilder.End);
        rules.SpacedCall(closed, Word(grammar, [ToolCallParser.OpenTag]), opened);
    }

    private static int Word(GrammarBuilder grammar, IEnumerable<string> texts)
    {
        int rule = grammar.Add();
        grammar.Texts(rule, texts, GrammarBuilder.End);
        return rule;
    }
}
