using System.Text.Json;

namespace Pharos.Inference.Loading;

/// <summary>Reads fields of one JSON object so that every complaint names the file, the field and what would be accepted.</summary>
/// <param name="prefix">Path to the object within the file, such as <c>rope_scaling.</c>.</param>
internal readonly struct JsonFields(string file, JsonElement element, string prefix = "")
{
    public static JsonDocument Open(string path)
    {
        string file = Path.GetFileName(path);
        if (!File.Exists(path))
            throw new ModelLoadException($"{file}: the file is missing from {Path.GetDirectoryName(path)}; a model directory needs it.");
        try
        {
            var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
        }
        catch (JsonException e)
        {
            throw new ModelLoadException($"{file}: the file is not valid JSON ({e.Message}); a JSON object is expected.", e);
        }
        throw new ModelLoadException($"{file}: the file holds no JSON object; a JSON object is expected.");
    }

    public string FileName => file;

    public JsonElement Element => element;

    /// <summary>The field, or null where it is absent or JSON null.</summary>
    public JsonElement? Find(string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The fields of an object within this one; null where it is absent.</summary>
    public JsonFields? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new JsonFields(file, value, $"{prefix}{name}."),
        { } value => throw Unsupported(name, value, "an object"),
    };

    public int Integer(string name, int minimum, int maximum) =>
        OptionalInteger(name, minimum, maximum) ?? throw Missing(name, $"an integer between {minimum} and {maximum}");

    public int? OptionalInteger(string name, int minimum, int maximum)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= minimum && number <= maximum)
            return number;
        throw Unsupported(name, value, $"an integer between {minimum} and {maximum}");
    }

    public double? OptionalNumber(string name, double minimum, double maximum)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= minimum && number <= maximum)
            return number;
        throw Unsupported(name, value, FormattableString.Invariant($"a number between {minimum} and {maximum}"));
    }

    public bool Boolean(string name, bool otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Unsupported(name, value, "true or false"),
    };

    public string? OptionalText(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        { } value => throw Unsupported(name, value, "a string"),
    };

    /// <summary>A list of integers that may also be written as one number; empty where absent.</summary>
    public int[] Integers(string name)
    {
        if (Find(name) is not { } value)
            return [];
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int single))
            return [single];
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out _)))
            return [.. value.EnumerateArray().Select(v => v.GetInt32())];
        throw Unsupported(name, value, "an integer or a list of integers");
    }

    /// <summary>A list of numbers; null where absent.</summary>
    public double[]? Numbers(string name)
    {
        if (Find(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.Number && double.IsFinite(v.GetDouble()))
            ? [.. value.EnumerateArray().Select(v => v.GetDouble())]
            : throw Unsupported(name, value, "a list of numbers");
    }

    /// <summary>A list of strings; null where absent.</summary>
    public string[]? Texts(string name)
    {
        if (Find(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(v => v.GetString()!)]
            : throw Unsupported(name, value, "a list of strings");
    }

    public double Number(string name, double minimum, double maximum) => OptionalNumber(name, minimum, maximum)
        ?? throw Missing(name, FormattableString.Invariant($"a number between {minimum} and {maximum}"));

    /// <summary>Fails unless the field is absent, null or <paramref name="expected"/>.</summary>
    public void AbsentOr(string name, bool expected)
    {
        if (Boolean(name, expected) != expected)
            throw Unsupported(name, Find(name)!.Value, expected ? "true" : "false");
    }

    public ModelLoadException Missing(string name, string supported) =>
        new($"{file}: {prefix}{name} is missing; {supported} is expected.");

    /// <summary>For a field that is there.</summary>
    public ModelLoadException Unsupported(string name, string supported) => Unsupported(name, element.GetProperty(name), supported);

    public ModelLoadException Unsupported(string name, JsonElement value, string supported)
    {
        string text = value.GetRawText();
        return new($"{file}: {prefix}{name} is {(text.Length > 120 ? text[..120] + "..." : text)}; supported is {supported}.");
    }
}
