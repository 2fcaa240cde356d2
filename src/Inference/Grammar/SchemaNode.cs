using System.Text.Json;

namespace Pharos.Inference.Grammar;

/// <summary>A schema within a schema, read keyword by keyword; what is wrong is answered with its path.</summary>
internal readonly struct SchemaNode(JsonElement json, string path)
{
    private static readonly HashSet<string> Annotations = new(StringComparer.Ordinal)
    {
        "$schema", "$id", "$comment", "$anchor", "$defs", "definitions", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
    };

    public JsonElement Json => json;

    public string Path => path;

    public bool Has(string keyword) => Find(keyword) is not null;

    public JsonElement? Find(string keyword) => json.TryGetProperty(keyword, out var value) ? value : null;

    public SchemaNode Child(string keyword, JsonElement value) => new(value, PathOf(keyword));

    public string PathOf(string keyword) => path.Length == 0 ? keyword : $"{path}.{keyword}";

    public SchemaException Wrong(string keyword, string because) => new(PathOf(keyword), because);

    /// <summary>Refuses every keyword that means something and is none of these.</summary>
    /// <param name="context">What it does not go with: "beside 'enum'".</param>
    public void AllowOnly(string context, params ReadOnlySpan<string> keywords)
    {
        foreach (var property in json.EnumerateObject())
        {
            if (!Annotations.Contains(property.Name) && !keywords.Contains(property.Name))
                throw Wrong(property.Name, $"is not supported {context}");
        }
    }

    public int? Count(string keyword)
    {
        if (Find(keyword) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count >= 0
            ? count : throw Wrong(keyword, $"must be a whole number from 0 to {int.MaxValue}");
    }

    /// <summary>Two keywords that bound a count.</summary>
    public (int Least, int? Most) Counts(string least, string most)
    {
        var counts = (Least: Count(least) ?? 0, Most: Count(most));
        return counts.Most < counts.Least ? throw Wrong(most, $"must be at least '{least}'") : counts;
    }

    public IReadOnlyList<JsonElement> Array(string keyword, int least)
    {
        if (Find(keyword) is not { ValueKind: JsonValueKind.Array } value || value.GetArrayLength() < least)
            throw Wrong(keyword, least > 0 ? "must be an array that is not empty" : "must be an array");
        return [.. value.EnumerateArray()];
    }

    public string Text(string keyword) =>
        Find(keyword) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Wrong(keyword, "must be a string");
}
