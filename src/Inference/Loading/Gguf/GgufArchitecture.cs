using System.Collections.Immutable;
using Pharos.Inference.Kernels;
using Pharos.Inference.Models;

namespace Pharos.Inference.Loading.Gguf;

/// <summary>Reads the metadata of a GGUF file, whatever the family, into what the model computes.</summary>
internal sealed class GgufArchitecture
{
    private const int MaxWidth = HuggingFace.ConfigFile.MaxWidth;
    private const int MaxLayers = 10_000;
    private readonly GgufFile file;
    private readonly GgufMetadata metadata;
    private readonly GgufFamily family;

    private GgufArchitecture(GgufFile file)
    {
        (this.file, metadata) = (file, file.Metadata);
        family = GgufFamily.Of(metadata);
    }

    public static (ModelArchitecture Architecture, GgufFamily Family) Read(GgufFile file)
    {
        var reader = new GgufArchitecture(file);
        return (reader.Read(), reader.family);
    }

    private ModelArchitecture Read()
    {
        if (metadata.OptionalInteger("split.count", 0, int.MaxValue) > 1)
            throw metadata.Unsupported("split.count", "1: all tensors in one file");
        int hidden = Integer("embedding_length", 1, MaxWidth), heads = Integer("attention.head_count", 1, MaxWidth);
        int kvHeads = metadata.OptionalInteger(Key("attention.head_count_kv"), 1, heads) ?? heads;
        if (heads % kvHeads != 0)
            throw metadata.Unsupported(Key("attention.head_count_kv"), $"a divisor of {Key("attention.head_count")}, which is {heads}");
        int headDim = HeadDim(hidden, heads), layers = Integer("block_count", 1, MaxLayers);
        var rope = new GgufRope(file, family.Name, headDim, Integer("context_length", 1, 1 << 24));
        int vocabulary = Vocabulary();
        return new ModelArchitecture
        {
            Family = family.Name,
            VocabularySize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = Integer("feed_forward_length", 1, MaxWidth),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            MaxPositions = rope.MaxPositions,
            NormEpsilon = (float)(metadata.OptionalNumber(Key("attention.layer_norm_rms_epsilon"), 0, 1)
                ?? throw metadata.Missing(Key("attention.layer_norm_rms_epsilon"), "a number between 0 and 1")),
            LayerSpecs = Layers(layers, rope),
            TiedEmbeddings = !file.Tensors.ContainsKey("output.weight"),
            QueryKeyValueBias = file.Tensors.ContainsKey("blk.0.attn_q.bias"),
            QueryKeyNorm = family.QueryKeyNorm,
            PostNorms = family.IsGemma,
            Activation = family.IsGemma ? Activation.GeGlu : Activation.SwiGlu,
            EmbeddingScale = family.IsGemma ? MathF.Sqrt(hidden) : 1,
            // The files do not say: only the largest Gemma of each generation scales by the width of a head's share of the hidden size.
            QueryScale = 1f / MathF.Sqrt(layers == family.LayersOfSharedWidth ? hidden / heads : headDim),
            AttentionSoftcap = Softcap("attn_logit_softcapping"),
            LogitSoftcap = Softcap("final_logit_softcapping"),
            BosToken = metadata.OptionalInteger("tokenizer.ggml.bos_token_id", 0, vocabulary - 1),
        };
    }

    private string Key(string name) => $"{family.Name}.{name}";

    private int Integer(string name, int minimum, int maximum) => metadata.Integer(Key(name), minimum, maximum);

    private float Softcap(string name) => family.IsGemma ? (float)(metadata.OptionalNumber(Key(name), 1e-3, 1e6) ?? 0) : 0;

    private int Vocabulary() =>
        file.Tensors.TryGetValue(GgufTensorNames.Embedding, out var embedding) && embedding.Shape is [<= 1 << 24, _]
            ? (int)embedding.Shape[0]
            : throw new ModelLoadException($"{file.Name}: the tensor {GgufTensorNames.Embedding} is missing or no matrix; a row for each token is expected.");

    private int HeadDim(int hidden, int heads)
    {
        int? stated = metadata.OptionalInteger(Key("attention.key_length"), 2, MaxWidth);
        if (stated is null && hidden % heads != 0)
            throw metadata.Missing(Key("attention.key_length"), $"a value ({Key("embedding_length")} {hidden} is no multiple of the {heads} heads)");
        int headDim = stated ?? hidden / heads;
        if (headDim % 2 != 0)
            throw new ModelLoadException(
                $"{file.Name}: {Key("attention.key_length")} is {headDim}; supported is an even number, as rotary positions turn pairs.");
        if ((long)heads * headDim > MaxWidth)
            throw new ModelLoadException(
                $"{file.Name}: {Key("attention.key_length")} is {headDim} for {heads} heads; supported are at most {MaxWidth} dimensions of all heads together.");
        if ((metadata.OptionalInteger(Key("attention.value_length"), 1, MaxWidth) ?? headDim) != headDim)
            throw metadata.Unsupported(Key("attention.value_length"), $"{headDim}, as many as of keys");
        return headDim;
    }

    private ImmutableArray<LayerSpec> Layers(int count, GgufRope rope)
    {
        string key = Key("attention.sliding_window");
        int window = metadata.OptionalInteger(key, 0, int.MaxValue) ?? family.DefaultWindow;
        var windowed = Enumerable.Range(0, count).Select(i => family.WindowPattern == 0 || (i + 1) % family.WindowPattern != 0).ToArray();
        string patternKey = Key("attention.sliding_window_pattern");
        if (metadata.IsArray(patternKey))
        {
            windowed = metadata.OptionalBooleans(patternKey) is { } stated && stated.Length == count
                ? stated : throw metadata.Unsupported(patternKey, $"{count} times true or false");
        }
        else if (metadata.OptionalInteger(patternKey, 1, MaxLayers) is { } pattern)
            windowed = [.. Enumerable.Range(0, count).Select(i => (i + 1) % pattern != 0)];
        return [.. windowed.Select((seesWindow, i) => new LayerSpec(
            seesWindow ? window : 0, rope.Of(family.IsStill(i), local: seesWindow && window > 0 && family.HasLocalTheta)))];
    }
}
