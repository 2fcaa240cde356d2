using System.Collections.Immutable;
using Pharos.Inference.Models;

namespace Pharos.Inference.Loading.HuggingFace;

/// <summary>Reads <c>config.json</c>, whatever the family, into what the model computes.</summary>
internal static class ConfigFile
{
    public const int MaxWidth = 1 << 20;
    private const int MaxLayers = 10_000;

    public static ModelArchitecture Read(string path)
    {
        using var document = JsonFields.Open(path);
        var fields = new JsonFields(Path.GetFileName(path), document.RootElement);
        var family = ModelFamily.Of(fields);
        RequireSupported(fields, family);

        int hidden = fields.Integer("hidden_size", 1, MaxWidth);
        int heads = fields.Integer("num_attention_heads", 1, MaxWidth);
        int kvHeads = fields.OptionalInteger("num_key_value_heads", 1, heads) ?? heads;
        if (heads % kvHeads != 0)
            throw fields.Unsupported("num_key_value_heads", $"a divisor of num_attention_heads, which is {heads}");
        int headDim = HeadDim(fields, family, hidden, heads);
        int layers = fields.Integer("num_hidden_layers", 1, MaxLayers);
        int vocabulary = fields.Integer("vocab_size", 1, 1 << 24);
        var rope = new RopeFields(fields, headDim, fields.OptionalInteger("max_position_embeddings", 1, 1 << 24) ?? 2048);
        double queryScalar = (family.IsGemma ? fields.OptionalNumber("query_pre_attn_scalar", 1e-6, 1e9) : null) ?? headDim;
        return new ModelArchitecture
        {
            Family = family.ModelType,
            VocabularySize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = fields.Integer("intermediate_size", 1, MaxWidth),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            MaxPositions = rope.MaxPositions,
            NormEpsilon = (float)(fields.OptionalNumber("rms_norm_eps", 0, 1) ?? 1e-6),
            LayerSpecs = LayerFields.Read(fields, family, layers, rope),
            TiedEmbeddings = fields.Boolean("tie_word_embeddings", family.IsGemma),
            QueryKeyValueBias = family.QueryKeyValueBias,
            QueryKeyNorm = family.QueryKeyNorm,
            PostNorms = family.IsGemma,
            NormsStoredLessOne = family.IsGemma,
            Activation = family.Activation,
            EmbeddingScale = family.IsGemma ? MathF.Sqrt(hidden) : 1,
            QueryScale = (float)(1 / Math.Sqrt(queryScalar)),
            AttentionSoftcap = Softcap(fields, family, "attn_logit_softcapping"),
            LogitSoftcap = Softcap(fields, family, "final_logit_softcapping"),
            BosToken = fields.OptionalInteger("bos_token_id", 0, vocabulary - 1),
            EosTokens = [.. fields.Integers("eos_token_id")],
            EarlyExitLayers = ReadExits(fields, layers),
        };
    }

    private static void RequireSupported(JsonFields fields, ModelFamily family)
    {
        // Gemma 2 exports carry an older field beside the one that counts.
        string activation = fields.Find("hidden_activation") is not null ? "hidden_activation" : "hidden_act";
        if (fields.OptionalText(activation) is { } name && name != family.ActivationName)
            throw fields.Unsupported(activation, $"\"{family.ActivationName}\"");
        foreach (string flag in (string[])["attention_bias", "mlp_bias", "use_bidirectional_attention"])
            fields.AbsentOr(flag, false);
        if (fields.Find("quantization_config") is { } quantization)
            throw fields.Unsupported("quantization_config", quantization, "null: weights stored as F32, F16 or BF16");
    }

    private static int HeadDim(JsonFields fields, ModelFamily family, int hidden, int heads)
    {
        int? stated = fields.OptionalInteger("head_dim", 2, MaxWidth) ?? (family.DefaultHeadDim > 0 ? family.DefaultHeadDim : null);
        if (stated is null && hidden % heads != 0)
            throw fields.Missing("head_dim", $"a value (hidden_size {hidden} is no multiple of num_attention_heads {heads})");
        int headDim = stated ?? hidden / heads;
        if (headDim % 2 != 0)
            throw new ModelLoadException($"{fields.FileName}: head_dim is {headDim}; supported is an even number, as rotary positions turn pairs.");
        return (long)heads * headDim <= MaxWidth ? headDim : throw new ModelLoadException(
            $"{fields.FileName}: head_dim is {headDim} for {heads} heads; supported are at most {MaxWidth} dimensions of all heads together.");
    }

    private static float Softcap(JsonFields fields, ModelFamily family, string name) =>
        family.IsGemma ? (float)(fields.OptionalNumber(name, 1e-3, 1e6) ?? 0) : 0;

    private static ImmutableArray<int> ReadExits(JsonFields fields, int layers)
    {
        int[] exits = fields.Integers("early_exit_layers");
        return exits.Any(e => e < 1 || e > layers) || exits.Zip(exits.Skip(1)).Any(pair => pair.First >= pair.Second)
            ? throw fields.Unsupported("early_exit_layers", $"an ascending list of depths between 1 and {layers}")
            : [.. exits];
    }
}
