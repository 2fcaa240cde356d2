using System.Text.Json.Nodes;

namespace Pharos.Inference.Tests.Grammar;

/// <summary>Schemas of everything that is honoured, nested and recursive.</summary>
internal sealed class RandomSchema(int seed)
{
    private static readonly string[] Names = ["a", "ab", "abc", "\u00e9t\u00e9", "a \"b\"", "tool\\x", "\u20ac", "n"];
    private readonly Random random = new(seed);

    public string Make()
    {
        var schema = Schema(3);
        schema["$defs"] = new JsonObject
        {
            ["tree"] = Closed(new() { ["value"] = Schema(0), ["children"] = new JsonObject { ["type"] = "array", ["items"] = Reference("tree"), ["maxItems"] = 2 } }),
            ["list"] = Closed(new() { ["next"] = new JsonObject { ["anyOf"] = new JsonArray(Reference("list"), Type("null")) } }),
        };
        return schema.ToJsonString();
    }

    private JsonObject Schema(int depth) => random.Next(depth > 0 ? 12 : 6) switch
    {
        0 => Bounded(Type("string"), "minLength", "maxLength"),
        1 => Number(),
        2 when random.Next(2) == 0 => Pattern(),
        2 => Type(random.Next(2) == 0 ? "boolean" : "null"),
        3 => new JsonObject { ["enum"] = new JsonArray("a", "ab", "abc", "a\u20ac\"", 12, 1.5, null, true, new JsonArray(1, "x"), new JsonObject { ["a"] = 1 }) },
        4 => new JsonObject { ["const"] = Names[random.Next(Names.Length)] },
        5 => new JsonObject { ["type"] = new JsonArray("string", "null", "boolean") },
        6 or 7 => Object(depth),
        8 => Bounded(new JsonObject { ["type"] = "array", ["items"] = Schema(depth - 1) }, "minItems", "maxItems"),
        9 => new JsonObject { ["anyOf"] = new JsonArray([.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => (JsonNode)Schema(depth - 1))]) },
        10 => new JsonObject { ["type"] = "object", ["additionalProperties"] = Schema(depth - 1) },
        _ => Reference(random.Next(2) == 0 ? "tree" : "list"),
    };

    private JsonObject Object(int depth)
    {
        var properties = Names.OrderBy(_ => random.Next()).Take(random.Next(4)).ToList();
        var schema = Closed(new JsonObject(properties.Select(name => KeyValuePair.Create<string, JsonNode?>(name, Schema(depth - 1)))));
        schema["required"] = new JsonArray([.. properties.Where(_ => random.Next(3) > 0).Select(name => (JsonNode)name)]);
        return schema;
    }

    private JsonObject Number()
    {
        var schema = Type(random.Next(2) == 0 ? "integer" : "number");
        if (random.Next(4) == 0)
        {
            string[] steps = schema["type"]!.GetValue<string>() == "integer" ? ["1", "2", "7", "10", "97"] : ["0.01", "0.25", "0.5", "3", "0.003", "9.7"];
            schema["multipleOf"] = JsonNode.Parse(steps[random.Next(steps.Length)]);
            return schema;
        }
        decimal least = random.Next(-200, 200), most = least + random.Next(1, 300);
        if (random.Next(3) == 0)
            (least, most) = (least / 10 - 1, most / 100 + 20);
        if (random.Next(2) == 0)
            schema[random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = least;
        if (random.Next(2) == 0)
            schema[random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = most + 1;
        return schema;
    }

    private JsonObject Pattern()
    {
        string[] patterns = ["^[a-c]{1,4}$", "^a|^b$", "^x\\d?", "^(?:ab|c)+\\.$", "^[^a-z\"]+$", "^$", "^\\w+@\\w{1,3}$", "^\\S+\\n?$"];
        return new JsonObject { ["type"] = "string", ["pattern"] = patterns[random.Next(patterns.Length)] };
    }

    private JsonObject Bounded(JsonObject schema, string least, string most)
    {
        int bound = random.Next(5);
        if (random.Next(2) == 0)
            schema[least] = bound;
        if (random.Next(2) == 0)
            schema[most] = bound + random.Next(40);
        return schema;
    }

    private static JsonObject Type(string type) => new() { ["type"] = type };

    private static JsonObject Reference(string name) => new() { ["$ref"] = "#/$defs/" + name };

    private static JsonObject Closed(JsonObject properties) => new()
    {
        ["type"] = "object",
        ["properties"] = properties,
        ["required"] = new JsonArray([.. properties.Select(property => (JsonNode)property.Key)]),
        ["additionalProperties"] = false,
    };
}
