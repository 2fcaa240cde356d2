using System.Text.Json.Nodes;
using Pharos.Inference.Loading;
using Pharos.Inference.Loading.Gguf;
using Pharos.Inference.Tests.Support;
using Pharos.Inference.Tokenization;
using Pharos.Inference.Tokenization.Reading;

namespace Pharos.Inference.Tests.Tokenization;

/// <summary>Vocabularies embedded in GGUF files, against llama.cpp: Goldens/evaluate_gguf.mjs tells how its figures were made.</summary>
public sealed class GgufVocabularyTests
{
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Byte = 6;

    public static TheoryData<string> Kinds() => [.. Goldens.Names(".gguf-golden.json")];

    [Fact]
    public void GoldensAreThere() => Assert.True(Kinds().Count > 8);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Texts_AreEncodedAndDecodedAsByTheReference(string kind)
    {
        var golden = Goldens.Read($"{kind}.gguf-golden.json");
        var tokenizer = Load(golden).Tokenizer;
        var differences = new List<string>();
        for (int i = 0; i < Goldens.Texts.Length; i++)
        {
            if (golden["ids"]![i] is not { } ids)
                continue;
            string text = Goldens.Texts[i];
            int[] expected = Goldens.Ids(ids), actual = [.. tokenizer.Encode(text, parseSpecial: true)];
            if (!expected.SequenceEqual(actual))
                differences.Add($"{JsonValue.Create(text).ToJsonString()}: [{string.Join(' ', expected)}] but [{string.Join(' ', actual)}]");
            // The reference also tidies blanks before punctuation, which loses text; byte-level vocabularies decode exactly here.
            string said = golden["model"]!.GetValue<string>() == "bytes" ? text : golden["decoded"]![i]?.GetValue<string>() ?? text, decoded = tokenizer.Decode(expected);
            if (said != decoded)
                differences.Add($"decoding {JsonValue.Create(text).ToJsonString()}: {JsonValue.Create(said).ToJsonString()} but {JsonValue.Create(decoded).ToJsonString()}");
        }
        Assert.True(differences.Count == 0, $"{differences.Count}:\n{string.Join('\n', differences.Take(20))}");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Mixtures_AreEncodedAsByTheReference(string kind)
    {
        var golden = Goldens.Read($"{kind}.gguf-golden.json");
        var tokenizer = Load(golden).Tokenizer;
        Assert.Equal(golden["mixtures"]!.AsArray().Select(h => h!.GetValue<uint>()), Goldens.Hashes(
            text => text.Contains('\0') || text.Contains('\uD800') || (kind == "qwen2" && !Goldens.IsComposed(text)) ? [] : tokenizer.Encode(text, parseSpecial: true)));
    }

    [Fact]
    public void UserText_CannotSpellControlTokens_NotEvenByMerging()
    {
        // Of the scores the control token's is the highest: a reader that merges whatever the vocabulary holds would build it.
        var read = Read(Llama(["<unk>", "<s>", "<", "s", ">", "<s", "\u2581"], [0, 0, -3, -4, -5, -1, -6], [Unknown, Control, Normal, Normal, Normal, Normal, Normal]));
        Assert.Equal([6, 5, 4], read.Tokenizer.Encode("<s>", parseSpecial: false));
        Assert.Equal([1], read.Tokenizer.Encode("<s>", parseSpecial: true));
    }

    [Fact]
    public void Companions_AreRead()
    {
        var read = Read(Llama(["<unk>", "<s>", "</s>", "a", "<|im_end|>"], [0, 0, 0, -1, 0], [Unknown, Control, Control, Normal, Control])
            .Set("tokenizer.ggml.bos_token_id", 1).Set("tokenizer.ggml.eos_token_id", 2).Set("tokenizer.chat_template", "{{ messages }}"));
        Assert.Equal(new TokenizerConfig("{{ messages }}", "<s>", "</s>", true, null), read.Config);
        Assert.Equal([1], read.Tokenizer.PromptStart);
        Assert.Equal([2, 4], read.EndTokens); // the file names one, the other is known to end a turn
    }

    public static TheoryData<string, object?, string> BrokenKeys() => new()
    {
        { "tokenizer.ggml.model", "rwkv", "tokenizer.ggml.model is \"rwkv\"; supported is \"gpt2\" or \"llama\"." },
        { "tokenizer.ggml.model", null, "tokenizer.ggml.model is missing" },
        { "tokenizer.ggml.tokens", null, "tokenizer.ggml.tokens is missing" },
        { "tokenizer.ggml.scores", new float[] { 1 }, "tokenizer.ggml.scores is missing; an array of 2 numbers, one for each token, is expected." },
        { "tokenizer.ggml.token_type", new[] { 1, 9 }, "tokenizer.ggml.token_type is an array of 2 Int32; supported is an array of 2 numbers from 1 to 6" },
        { "tokenizer.ggml.bos_token_id", 2, "tokenizer.ggml.bos_token_id is 2; supported is an integer between 0 and 1." },
    };

    [Theory]
    [MemberData(nameof(BrokenKeys))]
    public void BrokenKey_IsNamed(string key, object? value, string complaint)
    {
        var keys = new Dictionary<string, object>
        {
            ["tokenizer.ggml.model"] = "llama", ["tokenizer.ggml.tokens"] = (string[])["<unk>", "a"], ["tokenizer.ggml.scores"] = (float[])[0, -1],
            ["tokenizer.ggml.token_type"] = (int[])[Unknown, Normal],
        };
        keys.Remove(key);
        if (value is not null)
            keys[key] = value;
        Assert.Contains(complaint, Assert.Throws<ModelLoadException>(() => Read(keys.Aggregate(new GgufWriter(), (writer, k) => writer.Set(k.Key, k.Value)))).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData(" a")]
    [InlineData("a c")]
    public void BrokenMerge_IsNamed(string merge)
    {
        var writer = new GgufWriter().Set("tokenizer.ggml.model", "gpt2").Set("tokenizer.ggml.tokens", (string[])["a", "b", "ab"])
            .Set("tokenizer.ggml.merges", (string[])["a b", merge]);
        Assert.Contains($"tokenizer.ggml.merges[1] is \"{merge}\"; supported is a pair", Assert.Throws<ModelLoadException>(() => Read(writer)).Message);
    }

    [Fact]
    public void UnknownPattern_IsNamed()
    {
        var golden = Goldens.Read("gpt-2.gguf-golden.json");
        golden["metadata"]!["tokenizer.ggml.pre"] = "klingon";
        Assert.Contains("tokenizer.ggml.pre is \"klingon\"; supported is llama-bpe,", Assert.Throws<ModelLoadException>(() => Load(golden)).Message);
    }

    private static GgufWriter Llama(string[] tokens, float[] scores, int[] types) => new GgufWriter()
        .Set("tokenizer.ggml.model", "llama").Set("tokenizer.ggml.tokens", tokens).Set("tokenizer.ggml.scores", scores).Set("tokenizer.ggml.token_type", types);

    private static GgufTokenizer Load(JsonObject golden)
    {
        bool bytes = golden["model"]!.GetValue<string>() == "bytes";
        var model = Goldens.Read($"{golden["model"]!.GetValue<string>()}.model.json");
        string[] merges = [.. model["merges"]!.AsArray().Select(m => m!.GetValue<string>())];
        var ranks = merges.Select((merge, rank) => (Token: merge.Replace(" ", ""), rank)).ToDictionary(m => m.Token, m => m.rank);
        int tie = golden["tie"]!.GetValue<int>();
        var added = golden["added"]!.AsArray().Select(a => (Token: a![0]!.GetValue<string>(), Type: a[1]!.GetValue<int>()));
        (string Token, int Type)[] tokens =
        [
            .. model["vocab"]!.AsObject().OrderBy(t => t.Value!.GetValue<int>()).Select(t => (t.Key, bytes ? Normal : t.Key switch
            {
                "<unk>" => Unknown,
                "<s>" or "</s>" => Control,
                ['<', '0', 'x', _, _, '>'] => Byte,
                _ => Normal,
            })),
            .. added,
        ];
        var writer = new GgufWriter()
            .Set("tokenizer.ggml.tokens", tokens.Select(t => t.Token).ToArray())
            .Set("tokenizer.ggml.token_type", tokens.Select(t => t.Type).ToArray())
            .Set("tokenizer.ggml.scores", tokens.Select(t => t.Type != Normal ? 0f : ranks.TryGetValue(t.Token, out int rank) ? -(rank / tie) : -1000f).ToArray())
            .Set("tokenizer.ggml.merges", merges);
        foreach (var (key, value) in golden["metadata"]!.AsObject())
            writer.Set(key, value!.GetValueKind() switch { System.Text.Json.JsonValueKind.String => value.GetValue<string>(), System.Text.Json.JsonValueKind.Number => value.GetValue<int>(), _ => (object)value.GetValue<bool>() });
        return Read(writer);
    }

    private static GgufTokenizer Read(GgufWriter writer)
    {
        using var folder = new TemporaryFolder();
        using var file = new GgufFile(writer.Write(Path.Combine(folder.Path, "model.gguf")));
        return GgufVocabulary.Read(file.Metadata);
    }
}
