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

    /// <summary>What the schema allows, or any text; calls of tools instead or after it.</summary>
    /// <exception cref="SchemaException">A schema is not supported.</exception>
    public static GrammarNet Compile(SegmentRules rules, ToolMarkup markup)
    {
        var grammar = new GrammarBuilder();
        var json = new JsonRules(grammar);
        int start = grammar.Add();
        var calls = new CallRule(grammar, json, markup);
        int? called = rules.Callable.Count == 0 ? null : calls.Compile(rules.Callable, rules.Calls.Parallel, (schema, at) => Arguments(grammar, json, schema, at));
        if (called is { } rule)
            grammar.Skip(start, calls.Opening(rule));
        if (rules is { Schema: null, Calls.Required: false })
            calls.FreeText(start, called);
        else if (rules is { Schema: { } schema, Calls.Required: false })
            Answer(grammar, json, start, schema);
        return new GrammarNet(grammar.Nodes, start, json.Character);
    }

    /// <exception cref="SchemaException">The schema is not supported.</exception>
    public static void Check(string schema)
    {
        var grammar = new GrammarBuilder();
        Answer(grammar, new JsonRules(grammar), grammar.Add(), schema);
    }

    /// <exception cref="SchemaException">The schema is not supported, or allows other values than objects.</exception>
    public static void CheckArguments(string schema)
    {
        var grammar = new GrammarBuilder();
        Arguments(grammar, new JsonRules(grammar), schema, "");
    }

    private static void Answer(GrammarBuilder grammar, JsonRules json, int start, string schema)
    {
        using var document = Parse(schema);
        int value = grammar.Add();
        grammar.Skip(start, value);
        grammar.Byte(start, ' ', value); // many tokenizers begin a text so
        grammar.Call(value, Compile(grammar, json, document.RootElement), GrammarBuilder.End);
    }

    private static int Arguments(GrammarBuilder grammar, JsonRules json, string schema, string at)
    {
        using var document = Parse(schema);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String || !type.ValueEquals("object"))
            throw new SchemaException(at, "must have the 'type' \"object\": arguments are members of an object");
        return Compile(grammar, json, root);
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
}
