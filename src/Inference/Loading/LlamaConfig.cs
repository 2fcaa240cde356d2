using System.Text.Json;

namespace Pharos.Inference.Loading;

/// <summary>The validated <c>config.json</c> of a <c>LlamaForCausalLM</c>.</summary>
/// <param name="IntermediateSize">Width of the gated feed-forward part.</param>
/// <param name="KvHeads">Heads of keys and values; equal to <paramref name="Heads"/>, or a divisor of it for grouped queries.</param>
/// <param name="MaxPositions">Longest context in tokens.</param>
/// <param name="TiedEmbeddings">The output head is the token embedding.</param>
/// <param name="EarlyExitLayers">Depths (in layers, ascending) after which the shared norm and head give usable logits; empty where untrained.</param>
public sealed record LlamaConfig(
    int VocabularySize, int HiddenSize, int IntermediateSize, int Layers, int Heads, int KvHeads, int HeadDim, int MaxPositions,
    float RmsNormEpsilon, double RopeTheta, bool TiedEmbeddings, int? BosToken, int[] EosTokens, int[] EarlyExitLayers)
{
    private const int MaxWidth = 1 << 20;

    /// <summary>Multiply-accumulates of one token through all layers and the head: about the parameter count.</summary>
    public long Parameters =>
        (long)Layers * HiddenSize * ((2L * Heads + 2 * KvHeads) * HeadDim + 3L * IntermediateSize) + (long)VocabularySize * HiddenSize;

    internal static LlamaConfig Read(string path)
    {
        using var document = JsonFields.Open(path);
        var fields = new JsonFields(Path.GetFileName(path), document.RootElement);
        RequireSupportedArchitecture(fields);

        int hidden = fields.Integer("hidden_size", 1, MaxWidth);
        int heads = fields.Integer("num_attention_heads", 1, MaxWidth);
        int kvHeads = fields.OptionalInteger("num_key_value_heads", 1, heads) ?? heads;
        if (heads % kvHeads != 0)
            throw fields.Unsupported("num_key_value_heads", fields.Find("num_key_value_heads")!.Value,
                $"a divisor of num_attention_heads, which is {heads}");
        int? headDim = fields.OptionalInteger("head_dim", 2, MaxWidth);
        if (headDim is null && hidden % heads != 0)
            throw fields.Missing("head_dim", $"a value (hidden_size {hidden} is no multiple of num_attention_heads {heads})");
        headDim ??= hidden / heads;
        if (headDim % 2 != 0)
            throw new ModelLoadException(
                $"{fields.FileName}: head_dim is {headDim}; supported is an even number, as rotary positions turn pairs.");

        int layers = fields.Integer("num_hidden_layers", 1, 10_000);
        int vocabulary = fields.Integer("vocab_size", 1, 1 << 24);
        return new LlamaConfig(
            vocabulary, hidden, fields.Integer("intermediate_size", 1, MaxWidth), layers, heads, kvHeads, headDim.Value,
            fields.OptionalInteger("max_position_embeddings", 1, 1 << 24) ?? 2048,
            (float)(fields.OptionalNumber("rms_norm_eps", 0, 1) ?? 1e-6),
            ReadRopeTheta(fields),
            fields.Boolean("tie_word_embeddings", false),
            fields.OptionalInteger("bos_token_id", 0, vocabulary - 1),
            fields.Integers("eos_token_id"),
            ReadExits(fields, layers));
    }

    private static void RequireSupportedArchitecture(JsonFields fields)
    {
        if (fields.OptionalText("model_type") is not { } type)
            throw fields.Missing("model_type", "\"llama\"");
        if (type != "llama")
            throw fields.Unsupported("model_type", fields.Find("model_type")!.Value, "\"llama\"");
        if (fields.Find("architectures") is { } architectures &&
            !(architectures.ValueKind == JsonValueKind.Array && architectures.EnumerateArray().Any(a => a.ValueKind == JsonValueKind.String && a.GetString() == "LlamaForCausalLM")))
            throw fields.Unsupported("architectures", architectures, "[\"LlamaForCausalLM\"]");
        if (fields.OptionalText("hidden_act") is { } activation && activation != "silu")
            throw fields.Unsupported("hidden_act", fields.Find("hidden_act")!.Value, "\"silu\"");
        fields.AbsentOr("attention_bias", false);
        fields.AbsentOr("mlp_bias", false);
        if (fields.Find("quantization_config") is { } quantization)
            throw fields.Unsupported("quantization_config", quantization, "null: weights stored as F32, F16 or BF16");
    }

    private static double ReadRopeTheta(JsonFields fields)
    {
        if (fields.Find("rope_scaling") is { } scaling)
            throw fields.Unsupported("rope_scaling", scaling, "null");
        double? theta = fields.OptionalNumber("rope_theta", 1, 1e12);
        if (fields.Find("rope_parameters") is not { } parameters)
            return theta ?? 10_000;

        // Newer exports nest the same number; only the unscaled kind is the same mathematics.
        if (parameters.ValueKind != JsonValueKind.Object)
            throw fields.Unsupported("rope_parameters", parameters, "an object");
        var nested = new JsonFields(fields.FileName, parameters);
        if (nested.OptionalText("rope_type") is { } type && type != "default")
            throw fields.Unsupported("rope_parameters.rope_type", nested.Find("rope_type")!.Value, "\"default\"");
        return nested.OptionalNumber("rope_theta", 1, 1e12) ?? theta ?? 10_000;
    }

    private static int[] ReadExits(JsonFields fields, int layers)
    {
        int[] exits = fields.Integers("early_exit_layers");
        if (exits.Any(e => e < 1 || e > layers) || exits.Zip(exits.Skip(1)).Any(pair => pair.First >= pair.Second))
            throw fields.Unsupported("early_exit_layers", fields.Find("early_exit_layers")!.Value,
                $"an ascending list of depths between 1 and {layers}");
        return exits;
    }
}
