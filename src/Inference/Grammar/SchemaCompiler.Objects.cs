using System.Text.Json;

namespace Pharos.Inference.Grammar;

// Objects: members in the schema's order, those that are not required left out or not.
internal sealed partial class SchemaCompiler
{
    private readonly record struct Member(int Rule, bool Required);

    private int Object(SchemaNode schema)
    {
        var members = Members(schema);
        bool closed = schema.Find("additionalProperties") is { ValueKind: JsonValueKind.False };
        if (members.Count == 0 && !closed && !schema.Has("properties"))
            return rules.Map(Additional(schema));
        var (rule, empty) = (grammar.Add(), grammar.Add());
        grammar.Byte(rule, '{', empty);
        // Two rows of places: nothing was said yet, and something was.
        int? said = null;
        foreach (var member in members)
        {
            int after = grammar.Add();
            grammar.Call(empty, member.Rule, after);
            if (said is { } place)
            {
                int next = grammar.Add();
                grammar.Byte(place, ',', next);
                grammar.Call(next, member.Rule, after);
                if (!member.Required)
                    grammar.Skip(place, after);
            }
            int stillEmpty = grammar.Add();
            if (!member.Required)
                grammar.Skip(empty, stillEmpty);
            (said, empty) = (after, stillEmpty);
        }
        if (said is { } last)
            rules.Mark(last, '}', GrammarBuilder.End);
        rules.Mark(empty, '}', GrammarBuilder.End);
        return rule;
    }

    private List<Member> Members(SchemaNode schema)
    {
        var required = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in schema.Has("required") ? schema.Array("required", 0) : [])
            required.Add(name.ValueKind == JsonValueKind.String ? name.GetString()! : throw schema.Wrong("required", "must hold strings"));
        var members = new List<Member>();
        var named = new HashSet<string>(StringComparer.Ordinal);
        if (schema.Find("properties") is { } properties)
        {
            if (properties.ValueKind != JsonValueKind.Object)
                throw schema.Wrong("properties", "must be an object");
            var within = schema.Child("properties", properties);
            foreach (var property in properties.EnumerateObject())
            {
                if (!named.Add(property.Name))
                    throw within.Wrong(property.Name, "comes twice");
                members.Add(new Member(MemberRule(property.Name, Within(within.Child(property.Name, property.Value))), required.Contains(property.Name)));
            }
        }
        foreach (string name in required.Where(name => !named.Contains(name)))
            members.Add(new Member(MemberRule(name, Additional(schema)), Required: true));
        return members;
    }

    /// <summary>What members that are not named may be.</summary>
    private int Additional(SchemaNode schema) => schema.Find("additionalProperties") switch
    {
        null or { ValueKind: JsonValueKind.True } => rules.Any,
        { ValueKind: JsonValueKind.False } => throw schema.Wrong("required", "names a property that is not in 'properties', and 'additionalProperties' is false"),
        { } additional => Within(schema.Child("additionalProperties", additional)),
    };

    private int MemberRule(string name, int value)
    {
        var (rule, named, valued) = (grammar.Add(), grammar.Add(), grammar.Add());
        int spaced = grammar.Add();
        rules.Space(rule, spaced);
        grammar.Text(spaced, JsonSerializer.Serialize(name, Plain), named);
        rules.Colon(named, valued);
        grammar.Call(valued, value, GrammarBuilder.End);
        return rule;
    }
}
