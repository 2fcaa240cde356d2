using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pharos.Inference.Tests.Grammar;

/// <summary>Whether a value keeps a schema, straight from the specification (JSON Schema 2020-12, the keywords in use here).</summary>
internal sealed class SchemaCheck(JsonElement root)
{
    public static bool Keeps(string schema, string text)
    {
        using var document = JsonDocument.Parse(schema);
        using var value = JsonDocument.Parse(text);
        return new SchemaCheck(document.RootElement).Keeps(document.RootElement, value.RootElement);
    }

    public bool Keeps(JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind == JsonValueKind.True)
            return true;
        foreach (var keyword in schema.EnumerateObject())
        {
            if (!Keeps(schema, keyword.Name, keyword.Value, value))
                return false;
        }
        return true;
    }

    private bool Keeps(JsonElement schema, string keyword, JsonElement argument, JsonElement value) => keyword switch
    {
        "$ref" => Keeps(argument.GetString() == "#" ? root : root.GetProperty("$defs").GetProperty(argument.GetString()!["#/$defs/".Length..]), value),
        "anyOf" or "oneOf" => argument.EnumerateArray().Any(one => Keeps(one, value)),
        "enum" => argument.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)),
        "const" => JsonElement.DeepEquals(argument, value),
        "type" => argument.ValueKind == JsonValueKind.Array ? argument.EnumerateArray().Any(one => IsOf(one.GetString()!, value)) : IsOf(argument.GetString()!, value),
        "properties" => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(member => !argument.TryGetProperty(member.Name, out var own) || Keeps(own, member.Value)),
        "required" => value.ValueKind != JsonValueKind.Object || argument.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        "additionalProperties" => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(
            member => (schema.TryGetProperty("properties", out var own) && own.TryGetProperty(member.Name, out _)) || (argument.ValueKind != JsonValueKind.False && Keeps(argument, member.Value))),
        "items" => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().All(one => Keeps(argument, one)),
        "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= argument.GetInt32(),
        "maxItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= argument.GetInt32(),
        "minLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() >= argument.GetInt32(),
        "maxLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() <= argument.GetInt32(),
        "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, argument.GetString()!, RegexOptions.ECMAScript),
        "multipleOf" => value.ValueKind != JsonValueKind.Number || Number(value) % Number(argument) == 0,
        "uniqueItems" => true, // false, where it is supported
        "minimum" => value.ValueKind != JsonValueKind.Number || Number(value) >= Number(argument),
        "maximum" => value.ValueKind != JsonValueKind.Number || Number(value) <= Number(argument),
        "exclusiveMinimum" => value.ValueKind != JsonValueKind.Number || Number(value) > Number(argument),
        "exclusiveMaximum" => value.ValueKind != JsonValueKind.Number || Number(value) < Number(argument),
        "$defs" => true,
        _ => throw new InvalidOperationException($"The check does not know '{keyword}'."),
    };

    private static decimal Number(JsonElement value) => decimal.Parse(value.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture);

    private static bool IsOf(string type, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && Number(value) == decimal.Truncate(Number(value))),
        JsonValueKind.Null => type == "null",
        _ => type == "boolean",
    };
}
