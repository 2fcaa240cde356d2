using System.Text;
using System.Text.Json;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tokenization;

/// <summary>What <see cref="TokenizerFile"/> found, ready to be used.</summary>
internal sealed record TokenizerParts(
    byte[]?[] Bytes, int[] ByteTokens, MergeTable Merges, Dictionary<string, int> Vocabulary, IReadOnlyList<AddedToken> AddedTokens,
    PreTokenizer PreTokenizer, bool AddPrefixSpace, bool IgnoreMerges);

/// <summary>Reads and validates <c>tokenizer.json</c>.</summary>
internal static class TokenizerFile
{
    private const int MaxId = 1 << 24;

    public static Tokenizer Read(string path)
    {
        using var document = JsonFields.Open(path);
        var root = new JsonFields(Path.GetFileName(path), document.RootElement);
        if (root.Find("normalizer") is { } normalizer)
            throw root.Unsupported("normalizer", normalizer, "null");
        if (root.Find("model") is not { ValueKind: JsonValueKind.Object } modelElement)
            throw root.Missing("model", "an object of type BPE");
        var model = new JsonFields(root.FileName, modelElement);
        if (model.OptionalText("type") is { } type && type != "BPE")
            throw root.Unsupported("model.type", model.Find("type")!.Value, "\"BPE\"");
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.OptionalText(affix) is { Length: > 0 })
                throw root.Unsupported($"model.{affix}", model.Find(affix)!.Value, "null");
        }
        model.AbsentOr("byte_fallback", false);

        var vocabulary = ReadVocabulary(model);
        var added = ReadAddedTokens(root);
        var bytes = Contents(vocabulary, added);
        var byteTokens = new int[256];
        for (int value = 0; value < 256; value++)
        {
            if (!vocabulary.TryGetValue(ByteAlphabet.Spell((byte)value).ToString(), out byteTokens[value]))
                throw new ModelLoadException(
                    $"{root.FileName}: model.vocab has no token for byte 0x{value:X2}; supported is byte-level BPE with all 256 bytes.");
        }
        var (preTokenizer, prefixSpace) = ReadPreTokenizer(root);
        return new Tokenizer(new TokenizerParts(
            bytes, byteTokens, ReadMerges(model, vocabulary), vocabulary, added, preTokenizer, prefixSpace, model.Boolean("ignore_merges", false)));
    }

    private static Dictionary<string, int> ReadVocabulary(JsonFields model)
    {
        if (model.Find("vocab") is not { ValueKind: JsonValueKind.Object } vocab)
            throw model.Missing("model.vocab", "an object of token to id");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in vocab.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id) || id is < 0 or >= MaxId)
                throw model.Unsupported($"model.vocab.{entry.Name}", entry.Value, $"an id between 0 and {MaxId - 1}");
            vocabulary[entry.Name] = id;
        }
        return vocabulary;
    }

    private static List<AddedToken> ReadAddedTokens(JsonFields root)
    {
        var tokens = new List<AddedToken>();
        if (root.Find("added_tokens") is not { ValueKind: JsonValueKind.Array } list)
            return tokens;
        foreach (var element in list.EnumerateArray())
        {
            var fields = new JsonFields($"{root.FileName}: added_tokens", element);
            foreach (string flag in (string[])["lstrip", "rstrip", "single_word"])
                fields.AbsentOr(flag, false);
            if (fields.OptionalText("content") is not { Length: > 0 } content)
                throw fields.Missing("content", "the token's text");
            tokens.Add(new AddedToken(fields.Integer("id", 0, MaxId - 1), content, fields.Boolean("special", false)));
        }
        return tokens;
    }

    private static byte[]?[] Contents(Dictionary<string, int> vocabulary, List<AddedToken> added)
    {
        int limit = 1 + Math.Max(vocabulary.Values.DefaultIfEmpty(-1).Max(), added.Select(t => t.Id).DefaultIfEmpty(-1).Max());
        var bytes = new byte[]?[limit];
        foreach (var (spelling, id) in vocabulary)
            bytes[id] = ByteAlphabet.Read(spelling) ?? Encoding.UTF8.GetBytes(spelling); // not of the alphabet: an added token listed here too
        foreach (var token in added)
            bytes[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        return bytes;
    }

    private static MergeTable ReadMerges(JsonFields model, Dictionary<string, int> vocabulary)
    {
        var table = new MergeTable();
        if (model.Find("merges") is not { ValueKind: JsonValueKind.Array } merges)
            return table;
        int rank = 0;
        foreach (var merge in merges.EnumerateArray())
        {
            string[] pair = merge.ValueKind switch
            {
                JsonValueKind.String => merge.GetString()!.Split(' '),
                JsonValueKind.Array => [.. merge.EnumerateArray().Select(p => p.ToString())],
                _ => [],
            };
            if (pair.Length != 2 || !vocabulary.TryGetValue(pair[0], out int left) || !vocabulary.TryGetValue(pair[1], out int right)
                || !vocabulary.TryGetValue(pair[0] + pair[1], out int joined))
                throw model.Unsupported($"model.merges[{rank}]", merge, "a pair of tokens of model.vocab whose concatenation is one too");
            table.Add(left, right, rank++, joined);
        }
        return table;
    }

    private static (PreTokenizer, bool PrefixSpace) ReadPreTokenizer(JsonFields root)
    {
        if (root.Find("pre_tokenizer") is not { ValueKind: JsonValueKind.Object } element)
            throw root.Missing("pre_tokenizer", "ByteLevel, or a Sequence of Split and ByteLevel");
        var steps = element.TryGetProperty("pretokenizers", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().ToArray() : [element];
        PreTokenizer? cutter = null;
        bool byteLevel = false, prefixSpace = false;
        foreach (var step in steps)
        {
            var fields = new JsonFields(root.FileName, step);
            switch (fields.OptionalText("type"))
            {
                case "ByteLevel" when !byteLevel:
                    byteLevel = true;
                    prefixSpace = fields.Boolean("add_prefix_space", true);
                    if (fields.Boolean("use_regex", true))
                        cutter = cutter is null ? new Gpt2PreTokenizer() : throw root.Unsupported("pre_tokenizer", element, "at most one pattern: Split, or ByteLevel with use_regex");
                    break;
                case "Split" when !byteLevel && cutter is null && SplitPattern(step) is { } pattern:
                    cutter = new RegexPreTokenizer(pattern);
                    break;
                default:
                    throw root.Unsupported("pre_tokenizer", step, "ByteLevel, or a Sequence of one isolating Split by Regex and ByteLevel");
            }
        }
        return byteLevel
            ? (cutter ?? new WholePreTokenizer(), prefixSpace)
            : throw root.Unsupported("pre_tokenizer", element, "ByteLevel, or a Sequence that ends in it");
    }

    private static string? SplitPattern(JsonElement split) =>
        split.TryGetProperty("behavior", out var behavior) && behavior.ValueKind == JsonValueKind.String && behavior.GetString() == "Isolated"
        && !(split.TryGetProperty("invert", out var invert) && invert.ValueKind == JsonValueKind.True)
        && split.TryGetProperty("pattern", out var pattern) && pattern.ValueKind == JsonValueKind.Object
        && pattern.TryGetProperty("Regex", out var regex) ? regex.GetString() : null;
}
