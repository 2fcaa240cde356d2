using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pharos.Inference.Grammar;

/// <summary>
/// Makes a grammar of a JSON schema: every text of the grammar is a value that the schema allows. Where a schema leaves room, the grammar may be the
/// narrower one: members come in the schema's order and, where <c>properties</c> are given, no others. Keywords it does not honour are refused.
/// </summary>
internal sealed partial class SchemaCompiler
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string[] Types = ["object", "array", "string", "number", "integer", "boolean", "null"];

    private const int MaxDepth = 200;

    private readonly GrammarBuilder grammar;
    private readonly JsonRules rules;
    private readonly JsonElement root;
    private readonly Dictionary<string, int> referred = new(StringComparer.Ordinal); // reference -> rule
    private readonly Stack<string> open = []; // references being followed without a byte between
    private int depth;

    private SchemaCompiler(GrammarBuilder grammar, JsonRules rules, JsonElement root) => (this.grammar, this.rules, this.root) = (grammar, rules, root);

    /// <summary>A rule for the values that the schema allows.</summary>
    /// <exception cref="SchemaException">It is no schema, or uses what is not supported.</exception>
    public static int Compile(GrammarBuilder grammar, JsonRules rules, JsonElement schema) =>
        new SchemaCompiler(grammar, rules, schema).Value(new SchemaNode(schema, ""));

    private int Value(SchemaNode schema)
    {
        if (depth == MaxDepth)
            throw new SchemaException(schema.Path, $"is nested more than {MaxDepth} schemas deep");
        depth++;
        int rule = Read(schema);
        depth--;
        return rule;
    }

    private int Read(SchemaNode schema)
    {
        if (schema.Json.ValueKind == JsonValueKind.True)
            return rules.Any;
        if (schema.Json.ValueKind != JsonValueKind.Object)
            throw new SchemaException(schema.Path, "must be a schema: an object");
        if (schema.Has("$ref"))
            return Reference(schema);
        if (schema.Has("anyOf"))
            return Alternatives(schema, "anyOf");
        if (schema.Has("oneOf"))
            return Alternatives(schema, "oneOf");
        if (schema.Has("allOf"))
            return OnlyOf(schema);
        if (schema.Has("enum") || schema.Has("const"))
            return Constants(schema);
        var types = TypesOf(schema);
        if (types.Count == 0)
        {
            schema.AllowOnly("without 'type'");
            return rules.Any;
        }
        schema.AllowOnly($"for {string.Join(" or ", types)}", ["type", .. types.SelectMany(KeywordsOf)]);
        if (types is [var only])
            return OfType(schema, only);
        int rule = grammar.Add();
        foreach (string type in types)
            grammar.Call(rule, OfType(schema, type), GrammarBuilder.End);
        return rule;
    }

    private static IReadOnlyList<string> TypesOf(SchemaNode schema)
    {
        List<string> types = schema.Find("type") switch
        {
            null => schema.Has("properties") ? ["object"] : schema.Has("items") ? ["array"] : [],
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            { ValueKind: JsonValueKind.Array } => [.. schema.Array("type", 1).Select(one => one.ValueKind == JsonValueKind.String ? one.GetString()! : "")],
            _ => [""],
        };
        return types.All(Types.Contains) ? types : throw schema.Wrong("type", $"must be one or several of {string.Join(", ", Types)}");
    }

    private static string[] KeywordsOf(string type) => type switch
    {
        "object" => ["properties", "required", "additionalProperties"],
        "array" => ["items", "minItems", "maxItems", "uniqueItems"],
        "string" => ["minLength", "maxLength", "pattern", "format"],
        "integer" or "number" => ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
        _ => [],
    };

    private int OfType(SchemaNode schema, string type)
    {
        switch (type)
        {
            case "object":
                return Object(schema);
            case "array":
                var (least, most) = schema.Counts("minItems", "maxItems");
                if (schema.Find("uniqueItems") is { ValueKind: not JsonValueKind.False } && most is not <= 1)
                    throw schema.Wrong("uniqueItems", "is not supported unless it is false or 'maxItems' is at most 1: what an item was is not remembered");
                return rules.Array(Within(schema.Find("items") is { } items ? schema.Child("items", items) : null), least, most);
            case "string":
                return Text(schema);
            case "integer":
            case "number":
                return Number(schema, type == "integer");
            default:
                int rule = grammar.Add();
                grammar.Texts(rule, type == "null" ? ["null"] : ["true", "false"], GrammarBuilder.End);
                return rule;
        }
    }

    /// <summary>A value inside of another: references may come again.</summary>
    private int Within(SchemaNode? schema)
    {
        if (schema is not { } one)
            return rules.Any;
        var outside = open.ToArray();
        open.Clear();
        int rule = Value(one);
        open.Clear();
        foreach (string reference in outside.Reverse())
            open.Push(reference);
        return rule;
    }

    private int Reference(SchemaNode schema)
    {
        schema.AllowOnly("beside '$ref'", "$ref");
        string reference = schema.Text("$ref");
        if (open.Contains(reference))
            throw schema.Wrong("$ref", $"'{reference}' leads to itself without a value in between");
        if (referred.TryGetValue(reference, out int known))
            return known;
        var target = Resolve(schema, reference);
        int rule = grammar.Add();
        referred.Add(reference, rule);
        open.Push(reference);
        grammar.Call(rule, Value(target), GrammarBuilder.End, recurs: true);
        open.Pop();
        return rule;
    }

    /// <summary>Follows a JSON pointer (RFC 6901) into the schema.</summary>
    private SchemaNode Resolve(SchemaNode schema, string reference)
    {
        if (reference != "#" && !reference.StartsWith("#/", StringComparison.Ordinal))
            throw schema.Wrong("$ref", $"must point into the schema, as '#/$defs/name' does; it is '{reference}'");
        var target = new SchemaNode(root, "");
        foreach (string part in reference.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            target = target.Json.ValueKind == JsonValueKind.Object && target.Find(name) is { } inner
                ? target.Child(name, inner)
                : target.Json.ValueKind == JsonValueKind.Array && int.TryParse(name, out int at) && at >= 0 && at < target.Json.GetArrayLength()
                    ? target.Child(name, target.Json[at])
                    : throw schema.Wrong("$ref", $"'{reference}' points to nothing");
        }
        return target;
    }

    // Whether another of the schemas takes the value too is not looked at: with "oneOf" they are expected to exclude each other.
    private int Alternatives(SchemaNode schema, string keyword)
    {
        schema.AllowOnly($"beside '{keyword}'", keyword);
        int rule = grammar.Add();
        var one = schema.Array(keyword, 1);
        for (int i = 0; i < one.Count; i++)
            grammar.Call(rule, Value(new SchemaNode(one[i], $"{schema.PathOf(keyword)}[{i}]")), GrammarBuilder.End);
        return rule;
    }

    private int OnlyOf(SchemaNode schema)
    {
        schema.AllowOnly("beside 'allOf'", "allOf");
        return schema.Array("allOf", 1) is [var only]
            ? Value(new SchemaNode(only, $"{schema.PathOf("allOf")}[0]")) : throw schema.Wrong("allOf", "is not supported with more than one schema");
    }

    private int Constants(SchemaNode schema)
    {
        schema.AllowOnly("beside 'enum' or 'const'", "enum", "const", "type");
        var types = TypesOf(schema);
        List<JsonElement> values = schema.Find("const") is { } one ? [one] : [.. schema.Array("enum", 1)];
        if (schema.Has("const") && schema.Has("enum") && !schema.Array("enum", 1).Any(value => JsonElement.DeepEquals(value, values[0])))
            throw schema.Wrong("const", "must be a value of 'enum'");
        values.RemoveAll(value => types.Count > 0 && !types.Any(type => IsOf(value, type)));
        if (values.Count == 0)
            throw schema.Wrong(schema.Has("const") ? "const" : "enum", "must hold a value of 'type'");
        int rule = grammar.Add();
        grammar.Texts(rule, values.Select(value => Written(schema, value)), GrammarBuilder.End);
        return rule;
    }

    private static string Written(SchemaNode schema, JsonElement value)
    {
        try
        {
            return JsonSerializer.Serialize(value, Plain);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            throw schema.Wrong("enum", "must be valid Unicode");
        }
    }

    private static bool IsOf(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetDecimal(out decimal number) && number == decimal.Truncate(number)),
        JsonValueKind.Null => type == "null",
        _ => type == "boolean",
    };
}
