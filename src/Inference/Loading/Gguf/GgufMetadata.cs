using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Pharos.Inference.Loading.Gguf;

/// <summary>
/// The key-value part of a GGUF file, read so that every complaint names the file, the key, the value and what is supported.
/// Extents were checked when the file was opened.
/// </summary>
internal sealed unsafe class GgufMetadata
{
    private readonly MappedFile file;
    private readonly Dictionary<string, GgufValue> values;

    public GgufMetadata(MappedFile file, Dictionary<string, GgufValue> values) => (this.file, this.values) = (file, values);

    public string FileName => file.Name;

    public IReadOnlyCollection<string> Keys => values.Keys;

    public bool Contains(string key) => values.ContainsKey(key);

    public string Text(string key, string supported) => OptionalText(key) ?? throw Missing(key, supported);

    public string? OptionalText(string key)
    {
        if (Find(key) is not { } value)
            return null;
        if (value is { IsArray: false, Type: GgufType.String })
            return ReadTexts(value)[0];
        throw Unsupported(key, "a string");
    }

    public int Integer(string key, int minimum, int maximum) =>
        OptionalInteger(key, minimum, maximum) ?? throw Missing(key, $"an integer between {minimum} and {maximum}");

    public int? OptionalInteger(string key, int minimum, int maximum)
    {
        if (Find(key) is not { } value)
            return null;
        if (!value.IsArray && ReadInteger(value, 0) is { } number && number >= minimum && number <= maximum)
            return (int)number;
        throw Unsupported(key, $"an integer between {minimum} and {maximum}");
    }

    public double? OptionalNumber(string key, double minimum, double maximum)
    {
        if (Find(key) is not { } value)
            return null;
        if (!value.IsArray && ReadNumber(value, 0) is { } number && number >= minimum && number <= maximum)
            return number;
        throw Unsupported(key, FormattableString.Invariant($"a number between {minimum} and {maximum}"));
    }

    public bool Boolean(string key, bool otherwise)
    {
        if (Find(key) is not { } value)
            return otherwise;
        if (value is { IsArray: false, Type: GgufType.Bool })
            return file.Start[value.Offset] != 0;
        throw Unsupported(key, "true or false");
    }

    /// <summary>An array of strings, such as <c>tokenizer.ggml.tokens</c>; null where absent. Bytes that are not UTF-8 become U+FFFD.</summary>
    public string[]? OptionalTexts(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return value is { IsArray: true, Type: GgufType.String } ? ReadTexts(value) : throw Unsupported(key, "an array of strings");
    }

    /// <summary>An array of integers of any width, such as <c>tokenizer.ggml.token_type</c>; null where absent.</summary>
    public int[]? OptionalIntegers(string key)
    {
        if (Find(key) is not { } value)
            return null;
        const string supported = "an array of integers below 2^31";
        if (!value.IsArray)
            throw Unsupported(key, supported);
        var result = new int[Length(key, value)];
        for (int i = 0; i < result.Length; i++)
            result[i] = ReadInteger(value, i) is { } number && number >= int.MinValue && number <= int.MaxValue ? (int)number : throw Unsupported(key, supported);
        return result;
    }

    /// <summary>An array of numbers, such as <c>tokenizer.ggml.scores</c>; null where absent.</summary>
    public float[]? OptionalNumbers(string key)
    {
        if (Find(key) is not { } value)
            return null;
        const string supported = "an array of numbers";
        if (!value.IsArray)
            throw Unsupported(key, supported);
        var result = new float[Length(key, value)];
        for (int i = 0; i < result.Length; i++)
            result[i] = (float)(ReadNumber(value, i) ?? throw Unsupported(key, supported));
        return result;
    }

    /// <summary>An array of true and false, such as a pattern over layers; null where absent.</summary>
    public bool[]? OptionalBooleans(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return value is { IsArray: true, Type: GgufType.Bool }
            ? [.. Enumerable.Range(0, Length(key, value)).Select(i => file.Start[value.Offset + i] != 0)]
            : throw Unsupported(key, "an array of true and false");
    }

    /// <summary>Whether the value is an array, for keys that may be written both ways.</summary>
    public bool IsArray(string key) => values.TryGetValue(key, out var value) && value.IsArray;

    public ModelLoadException Missing(string key, string supported) => new($"{file.Name}: {key} is missing; {supported} is expected.");

    public ModelLoadException Unsupported(string key, string supported) => new($"{file.Name}: {key} is {Show(values[key])}; supported is {supported}.");

    private GgufValue? Find(string key) => values.TryGetValue(key, out var value) ? value : null;

    private int Length(string key, GgufValue value) =>
        value.Count <= Array.MaxLength ? (int)value.Count : throw Unsupported(key, $"an array of at most {Array.MaxLength} elements");

    private string Show(GgufValue value)
    {
        if (value.IsArray)
            return $"an array of {value.Count} {value.Type}";
        string text = value.Type == GgufType.String ? $"\"{ReadTexts(value)[0]}\""
            : value.Type == GgufType.Bool ? (file.Start[value.Offset] != 0 ? "true" : "false")
            : ReadInteger(value, 0)?.ToString(CultureInfo.InvariantCulture) ?? ReadNumber(value, 0)!.Value.ToString(CultureInfo.InvariantCulture);
        return text.Length > 120 ? text[..120] + "..." : text;
    }

    private string[] ReadTexts(GgufValue value)
    {
        var result = new string[value.Count];
        byte* at = file.Start + value.Offset;
        for (int i = 0; i < result.Length; i++)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(at, 8));
            result[i] = Encoding.UTF8.GetString(at + 8, length);
            at += 8 + length;
        }
        return result;
    }

    private Int128? ReadInteger(GgufValue value, long index)
    {
        byte* at = file.Start + value.Offset + index * GgufFile.BytesOf(value.Type);
        return value.Type switch
        {
            GgufType.UInt8 => *at,
            GgufType.Int8 => (sbyte)*at,
            GgufType.UInt16 => *(ushort*)at,
            GgufType.Int16 => *(short*)at,
            GgufType.UInt32 => *(uint*)at,
            GgufType.Int32 => *(int*)at,
            GgufType.UInt64 => *(ulong*)at,
            GgufType.Int64 => *(long*)at,
            _ => null,
        };
    }

    private double? ReadNumber(GgufValue value, long index)
    {
        byte* at = file.Start + value.Offset + index * GgufFile.BytesOf(value.Type);
        return value.Type switch
        {
            GgufType.Float32 => *(float*)at,
            GgufType.Float64 => *(double*)at,
            _ => (double?)ReadInteger(value, index),
        };
    }
}
