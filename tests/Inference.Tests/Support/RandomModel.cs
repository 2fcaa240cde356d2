using System.Text.Json.Nodes;

namespace Pharos.Inference.Tests.Support;

/// <summary>What all models of random weights have in common.</summary>
internal static class RandomModel
{
    public const double Epsilon = 1e-5;

    /// <summary>[rows * columns], so large that a wrong one shows in the logits.</summary>
    public static float[] Matrix(Random random, int rows, int columns) => Uniform(random, rows * columns, -2 / Math.Sqrt(columns), 2 / Math.Sqrt(columns));

    public static float[] Uniform(Random random, int count, double least, double most) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(least + random.NextDouble() * (most - least)))];

    /// <summary>The fields of <c>config.json</c> that every family has.</summary>
    public static JsonObject Config(
        string type, string kind, int vocabulary, int hidden, int intermediate, int layers, int heads, int kvHeads, int headDim, int maxPositions, bool tied) => new()
    {
        ["architectures"] = new JsonArray(kind),
        ["model_type"] = type,
        ["vocab_size"] = vocabulary,
        ["hidden_size"] = hidden,
        ["intermediate_size"] = intermediate,
        ["num_hidden_layers"] = layers,
        ["num_attention_heads"] = heads,
        ["num_key_value_heads"] = kvHeads,
        ["head_dim"] = headDim,
        ["max_position_embeddings"] = maxPositions,
        ["rms_norm_eps"] = Epsilon,
        ["tie_word_embeddings"] = tied,
        ["eos_token_id"] = ByteTokenizer.ImEnd,
    };
}
