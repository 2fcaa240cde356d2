using System.Text.Json;
using Pharos.Inference.Loading;
using Pharos.Inference.Tokenization.Models;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>A model and how its tokens are spelled.</summary>
internal sealed record ReadModel(TokenModel Model, IReadOnlyCollection<(string Spelling, int Id)> Spellings);

/// <summary>Reads <c>model</c>.</summary>
internal static class ModelReader
{
    public static ReadModel Read(JsonFields model, bool byteLevel)
    {
        bool listed = model.Find("vocab") is { ValueKind: JsonValueKind.Array };
        return (model.OptionalText("type") ?? (listed ? "Unigram" : "BPE")) switch
        {
            "BPE" => ReadBytePairs(model, byteLevel),
            "Unigram" when !byteLevel => ReadUnigram(model),
            _ => throw model.Unsupported("model.type", model.Find("type") ?? model.Element, "\"BPE\", or \"Unigram\" without ByteLevel"),
        };
    }

    private static ReadModel ReadBytePairs(JsonFields model, bool byteLevel)
    {
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.OptionalText(affix) is { Length: > 0 })
                throw model.Unsupported($"model.{affix}", model.Find(affix)!.Value, "null");
        }
        if (model.OptionalNumber("dropout", 0, 1) is > 0)
            throw model.Unsupported("model.dropout", model.Find("dropout")!.Value, "null");
        var vocabulary = ReadVocabulary(model);
        var merges = new MergeTable();
        bool blanksBegin = ReadMerges(model, vocabulary, merges);
        bool ignoreMerges = model.Boolean("ignore_merges", false);
        IWholeWords? whole = !ignoreMerges ? null : byteLevel ? new ByteSpelledWords(vocabulary) : new PlainWords(vocabulary);
        char? wordStart = !byteLevel && !ignoreMerges && blanksBegin && vocabulary.ContainsKey(Blank.ToString()) ? Blank : null;
        return new ReadModel(
            new BytePairModel(byteLevel ? Bytes(model, vocabulary) : Characters(model, vocabulary), merges, whole, wordStart),
            [.. vocabulary.Select(t => (t.Key, t.Value))]);
    }

    /// <summary>SentencePiece's visible blank.</summary>
    public const char Blank = '\u2581';

    /// <summary>Whether a token can hold a blank after something else, so that words cannot be encoded apart.</summary>
    public static bool HoldsInnerBlank(string token) => token.AsSpan().TrimStart(Blank).Contains(Blank);

    private static ByteSymbols Bytes(JsonFields model, Dictionary<string, int> vocabulary)
    {
        var tokens = new int[256];
        for (int value = 0; value < 256; value++)
        {
            if (!vocabulary.TryGetValue(ByteAlphabet.Spell((byte)value).ToString(), out tokens[value]))
                throw new ModelLoadException(
                    $"{model.FileName}: model.vocab has no token for byte 0x{value:X2}; supported is byte-level BPE with all 256 bytes.");
        }
        return new ByteSymbols(tokens);
    }

    private static CharacterSymbols Characters(JsonFields model, Dictionary<string, int> vocabulary)
    {
        int[]? bytes = model.Boolean("byte_fallback", false) ? FallbackBytes(model, s => vocabulary.TryGetValue(s, out int id) ? id : null) : null;
        int? unknown = null;
        if (model.OptionalText("unk_token") is { } name)
        {
            unknown = vocabulary.TryGetValue(name, out int id)
                ? id : throw model.Unsupported("model.unk_token", model.Find("unk_token")!.Value, "a token of model.vocab");
        }
        if (bytes is null && unknown is null)
            throw model.Missing("model.unk_token", "a token of model.vocab, or byte_fallback true,");
        return new CharacterSymbols(vocabulary, bytes, unknown, model.Boolean("fuse_unk", false));
    }

    private static int[] FallbackBytes(JsonFields model, Func<string, int?> find) =>
        [.. Enumerable.Range(0, 256).Select(value => find($"<0x{value:X2}>") ?? throw new ModelLoadException(
            $"{model.FileName}: model.vocab has no token <0x{value:X2}>; supported is byte_fallback with all 256 of them."))];

    private static Dictionary<string, int> ReadVocabulary(JsonFields model)
    {
        if (model.Find("vocab") is not { ValueKind: JsonValueKind.Object } vocab)
            throw model.Missing("model.vocab", "an object of token to id");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in vocab.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id) || id is < 0 or >= TokenizerFile.MaxId)
                throw model.Unsupported($"model.vocab.{entry.Name}", entry.Value, $"an id between 0 and {TokenizerFile.MaxId - 1}");
            vocabulary[entry.Name] = id;
        }
        return vocabulary;
    }

    /// <returns>Whether blanks only begin tokens.</returns>
    private static bool ReadMerges(JsonFields model, Dictionary<string, int> vocabulary, MergeTable table)
    {
        bool blanksBegin = true;
        if (model.Find("merges") is not { ValueKind: JsonValueKind.Array } merges)
            return blanksBegin;
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
            blanksBegin &= !HoldsInnerBlank(pair[0] + pair[1]);
        }
        return blanksBegin;
    }

    private static ReadModel ReadUnigram(JsonFields model)
    {
        if (model.Find("vocab") is not { ValueKind: JsonValueKind.Array } list)
            throw model.Missing("model.vocab", "a list of token and score");
        var vocabulary = new List<(string Spelling, double Score)>();
        foreach (var entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[0].ValueKind != JsonValueKind.String
                || entry[1].ValueKind != JsonValueKind.Number || vocabulary.Count == TokenizerFile.MaxId)
                throw model.Unsupported($"model.vocab[{vocabulary.Count}]", entry, "a pair of a token and its score");
            vocabulary.Add((entry[0].GetString()!, entry[1].GetDouble()));
        }
        int unknown = model.OptionalInteger("unk_id", 0, vocabulary.Count - 1) ?? throw model.Missing("model.unk_id", "the id of a token of model.vocab");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Count; id++)
            ids[vocabulary[id].Spelling] = id;
        int[]? bytes = model.Boolean("byte_fallback", false) ? FallbackBytes(model, s => ids.TryGetValue(s, out int id) ? id : null) : null;
        return new ReadModel(new UnigramModel(vocabulary, unknown, bytes), [.. vocabulary.Select((t, id) => (t.Spelling, id))]);
    }
}
