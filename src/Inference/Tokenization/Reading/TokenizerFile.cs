using System.Text.Json;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>Reads and validates <c>tokenizer.json</c>; each part has a reader of its own.</summary>
internal static class TokenizerFile
{
    /// <summary>No vocabulary is larger; more is a broken file.</summary>
    public const int MaxId = 1 << 24;

    public static Tokenizer Read(string path)
    {
        using var document = JsonFields.Open(path);
        var root = new JsonFields(Path.GetFileName(path), document.RootElement);
        if (root.Find("model") is not { ValueKind: JsonValueKind.Object } model)
            throw root.Missing("model", "an object of type BPE or Unigram");
        var normalizer = NormalizerReader.Read(root);
        var cutting = PreTokenizerReader.Read(root);
        var read = ModelReader.Read(new JsonFields(root.FileName, model), cutting.ByteLevel);
        var added = AddedTokenReader.Read(root);
        var decoding = DecoderReader.Read(root, cutting);
        var (start, end) = PostProcessorReader.Read(root);

        int limit = 1 + Math.Max(read.Spellings.Select(t => t.Id).DefaultIfEmpty(-1).Max(), added.Select(t => t.Id).DefaultIfEmpty(-1).Max());
        var contents = new byte[]?[limit];
        foreach (var (spelling, id) in read.Spellings)
            contents[id] = decoding.Content(spelling);
        foreach (var token in added)
            contents[token.Id] = decoding.AddedContent(token.Content);
        foreach (int id in (int[])[.. start, .. end])
        {
            if (id < 0 || id >= limit)
                throw new ModelLoadException($"{root.FileName}: post_processor holds the token {id}; supported are the ids of tokens, below {limit}.");
        }
        return new Tokenizer(new TokenizerParts(contents, added, normalizer, cutting.Steps, read.Model, decoding.LeadingBlanks, start, end));
    }

    /// <summary>Elements of a Sequence, or the element itself.</summary>
    public static JsonElement[] Steps(JsonElement element, string list) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("type", out var type) && type.ValueEquals("Sequence")
        && element.TryGetProperty(list, out var steps) && steps.ValueKind == JsonValueKind.Array
            ? [.. steps.EnumerateArray().SelectMany(step => Steps(step, list))] : [element];

    /// <summary>The type of a step; empty where it is no object or has none.</summary>
    public static string TypeOf(JsonElement step) =>
        step.ValueKind == JsonValueKind.Object && step.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString()! : "";

    /// <summary>A pattern's literal, or its regular expression.</summary>
    public static (string? Literal, string? Expression) Pattern(JsonElement step)
    {
        if (!step.TryGetProperty("pattern", out var pattern))
            return default;
        if (pattern.ValueKind == JsonValueKind.String)
            return (pattern.GetString(), null);
        string? Text(string name) =>
            pattern.ValueKind == JsonValueKind.Object && pattern.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        return (Text("String"), Text("Regex"));
    }
}
