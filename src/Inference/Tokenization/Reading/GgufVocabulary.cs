using Pharos.Inference.Loading;
using Pharos.Inference.Loading.Gguf;
using Pharos.Inference.Tokenization.Models;
using Pharos.Inference.Tokenization.Normalization;
using Pharos.Inference.Tokenization.PreTokenization;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>What a GGUF file holds of a tokenizer and its companions.</summary>
/// <param name="EndTokens">Tokens that end an answer: those the keys name, and control tokens known to end a turn.</param>
internal sealed record GgufTokenizer(Tokenizer Tokenizer, TokenizerConfig Config, int[] EndTokens);

/// <summary>
/// Reads the vocabulary of a GGUF file: <c>gpt2</c>, byte-level BPE cut by the pattern that <c>pre</c> names, or <c>llama</c>,
/// SentencePiece's BPE, which merges by score. Source: the GGUF specification and the file format's reference implementation.
/// </summary>
internal static class GgufVocabulary
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>Control tokens that end a turn in the families we serve; files often name only one of several.</summary>
    private static readonly string[] TurnEnds = ["<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>"];

    private enum Kind
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    /// <exception cref="ModelLoadException">A key is missing or holds what is not supported.</exception>
    public static GgufTokenizer Read(GgufMetadata metadata)
    {
        string model = metadata.Text(Prefix + "model", "\"gpt2\" or \"llama\"");
        string[] tokens = metadata.OptionalTexts(Prefix + "tokens") is { Length: > 0 } list
            ? list : throw metadata.Missing(Prefix + "tokens", "an array of at least one token");
        var kinds = ReadKinds(metadata, tokens.Length);
        var parts = model switch
        {
            "gpt2" => ReadBytePairs(metadata, tokens, kinds),
            "llama" => ReadSentencePiece(metadata, tokens, kinds),
            _ => throw metadata.Unsupported(Prefix + "model", "\"gpt2\" or \"llama\""),
        };
        int? Id(string key) => metadata.OptionalInteger($"{Prefix}{key}_token_id", 0, tokens.Length - 1);
        int? bos = Id("bos"), eos = Id("eos");
        bool addBos = metadata.Boolean(Prefix + "add_bos_token", model == "llama" || GgufPatterns.BeginsText(metadata)) && bos is not null;
        if (addBos)
            parts = parts with { PromptStart = [bos!.Value] };
        if (eos is { } end && metadata.Boolean(Prefix + "add_eos_token", false))
            parts = parts with { PromptEnd = [end] };
        var ends = new[] { eos, Id("eot"), Id("eom") }.OfType<int>()
            .Concat(Enumerable.Range(0, tokens.Length).Where(id => kinds[id] == Kind.Control && TurnEnds.Contains(tokens[id])));
        return new GgufTokenizer(
            new Tokenizer(parts),
            new TokenizerConfig(metadata.OptionalText("tokenizer.chat_template"), bos is { } b ? tokens[b] : null, eos is { } e ? tokens[e] : null, addBos, null),
            [.. ends.Distinct()]);
    }

    private static TokenizerParts ReadBytePairs(GgufMetadata metadata, string[] tokens, Kind[] kinds)
    {
        var vocabulary = Vocabulary(tokens, kinds);
        var merges = new MergeTable();
        int rank = 0;
        foreach (string merge in metadata.OptionalTexts(Prefix + "merges") ?? throw metadata.Missing(Prefix + "merges", "an array of pairs of tokens"))
        {
            int blank = merge.Length > 0 ? merge.IndexOf(' ', 1) : -1; // a blank in front is of the left token
            if (blank < 0 || !vocabulary.TryGetValue(merge[..blank], out int left) || !vocabulary.TryGetValue(merge[(blank + 1)..], out int right)
                || !vocabulary.TryGetValue(merge.Remove(blank, 1), out int joined))
                throw new ModelLoadException(
                    $"{metadata.FileName}: {Prefix}merges[{rank}] is \"{merge}\"; supported is a pair of normal tokens whose concatenation is one too.");
            merges.Add(left, right, rank++, joined);
        }
        var byteTokens = new int[256];
        for (int value = 0; value < 256; value++)
        {
            if (!vocabulary.TryGetValue(ByteAlphabet.Spell((byte)value).ToString(), out byteTokens[value]))
                throw new ModelLoadException(
                    $"{metadata.FileName}: {Prefix}tokens has no token for byte 0x{value:X2}; supported is byte-level BPE with all 256 bytes.");
        }
        var (normalizer, steps, ignoreMerges) = GgufPatterns.Read(metadata);
        var decoding = new Decoding(ByteLevel: true, false, [], LeadingBlanks.Kept);
        return new TokenizerParts(
            [.. tokens.Select((token, id) => kinds[id] is Kind.Normal ? decoding.Content(token) : decoding.AddedContent(token))], Added(tokens, kinds), normalizer, steps,
            new BytePairModel(new ByteSymbols(byteTokens), merges, ignoreMerges ? new ByteSpelledWords(vocabulary) : null, wordStart: null),
            LeadingBlanks.Kept, [], []);
    }

    private static TokenizerParts ReadSentencePiece(GgufMetadata metadata, string[] tokens, Kind[] kinds)
    {
        float[] scores = metadata.OptionalNumbers(Prefix + "scores") is { } list && list.Length == tokens.Length
            ? list : throw metadata.Missing(Prefix + "scores", $"an array of {tokens.Length} numbers, one for each token,");
        var vocabulary = Vocabulary(tokens, kinds);
        bool prefix = metadata.Boolean(Prefix + "add_space_prefix", true);
        string blank = ModelReader.Blank.ToString();
        var escape = new ReplaceNormalizer(" ", blank);
        var decoding = new Decoding(false, ByteFallback: true, [(blank, " ")], prefix ? LeadingBlanks.OneDropped : LeadingBlanks.Kept);
        bool wordsApart = vocabulary.ContainsKey(blank) && !vocabulary.Keys.Any(ModelReader.HoldsInnerBlank);
        return new TokenizerParts(
            [.. tokens.Select(decoding.Content)], Added(tokens, kinds),
            prefix ? new NormalizerSequence([new PrependNormalizer(blank), escape]) : escape, [],
            new BytePairModel(Characters(metadata, tokens, kinds, vocabulary), MergesByScore(vocabulary, scores), null, wordsApart ? ModelReader.Blank : null),
            decoding.LeadingBlanks, [], []);
    }

    private static CharacterSymbols Characters(GgufMetadata metadata, string[] tokens, Kind[] kinds, Dictionary<string, int> vocabulary)
    {
        var bytes = new int[256];
        Array.Fill(bytes, -1);
        for (int id = 0; id < tokens.Length; id++)
        {
            if (kinds[id] == Kind.Byte && new Decoding(false, ByteFallback: true, [], LeadingBlanks.Kept).Content(tokens[id]) is [var value])
                bytes[value] = id;
        }
        int? unknown = metadata.OptionalInteger(Prefix + "unknown_token_id", 0, tokens.Length - 1) ?? (Array.IndexOf(kinds, Kind.Unknown) is >= 0 and var id0 ? id0 : null);
        bool fallsBack = !bytes.Contains(-1);
        return fallsBack || unknown is not null
            ? new CharacterSymbols(vocabulary, fallsBack ? bytes : null, unknown, fuseUnknown: false)
            : throw metadata.Missing(Prefix + "unknown_token_id", "a token's id, or all 256 byte tokens in tokens,");
    }

    /// <summary>Two tokens join where what they spell together is one; the one of higher score first, leftmost of equals.</summary>
    private static MergeTable MergesByScore(Dictionary<string, int> vocabulary, float[] scores)
    {
        var merges = new MergeTable();
        float[] descending = [.. vocabulary.Values.Select(id => scores[id]).Distinct().OrderDescending()];
        var ranks = descending.Select((score, rank) => (score, rank)).ToDictionary(r => r.score, r => r.rank);
        var lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var (spelling, id) in vocabulary)
        {
            for (int cut = 1; cut < spelling.Length; cut++)
            {
                if (lookup.TryGetValue(spelling.AsSpan(0, cut), out int left) && lookup.TryGetValue(spelling.AsSpan(cut), out int right))
                    merges.Add(left, right, ranks[scores[id]], id);
            }
        }
        return merges;
    }

    /// <summary>Tokens that text can be made of; control tokens are none of them, so that no text can spell one.</summary>
    private static Dictionary<string, int> Vocabulary(string[] tokens, Kind[] kinds)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < tokens.Length; id++)
        {
            if (kinds[id] == Kind.Normal)
                vocabulary.TryAdd(tokens[id], id);
        }
        return vocabulary;
    }

    /// <summary>SentencePiece's user-defined symbols may be written with its visible blank; they are looked for in plain text.</summary>
    private static AddedToken[] Added(string[] tokens, Kind[] kinds) =>
    [
        .. Enumerable.Range(0, tokens.Length)
            .Where(id => kinds[id] is Kind.Control or Kind.UserDefined or Kind.Unknown && tokens[id].Length > 0)
            .Select(id => kinds[id] == Kind.UserDefined
                ? new AddedToken(id, tokens[id].Replace(ModelReader.Blank, ' '), Special: false) : new AddedToken(id, tokens[id], Special: true)),
    ];

    private static Kind[] ReadKinds(GgufMetadata metadata, int count)
    {
        const string key = Prefix + "token_type";
        if (metadata.OptionalIntegers(key) is not { } types)
            return [.. Enumerable.Repeat(Kind.Normal, count)];
        if (types.Length != count || types.Any(type => !Enum.IsDefined((Kind)type)))
            throw metadata.Unsupported(key, $"an array of {count} numbers from 1 to 6, one for each token");
        return [.. types.Select(type => (Kind)type)];
    }
}
