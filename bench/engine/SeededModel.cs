using System.Globalization;

namespace Pharos.Bench.Engine;

/// <summary>One weight matrix or norm of a seeded model.</summary>
/// <param name="HuggingFace">Its name in a safetensors file.</param>
/// <param name="Gguf">Its name in a GGUF file.</param>
/// <param name="Rows">0: a vector of ones, which norms are.</param>
internal sealed record SeededTensor(string HuggingFace, string Gguf, int Rows, int Columns, int Seed);

/// <summary>
/// A Llama shape with seeded random weights: speed does not depend on what a model knows. Both engines get the same numbers, rounded to bf16
/// unless fp32 is measured.
/// </summary>
internal sealed record SeededModel(int Hidden, int Layers, int Heads, int KvHeads, int Intermediate, int Vocabulary, int Positions, int HeadDim = SeededModel.SmallHead)
{
    private const int SmallHead = 64;
    private static readonly Dictionary<string, SeededModel> Published = new()
    {
        ["llama-3.2-1b"] = new(2048, 16, 32, 8, 8192, 128_256, 8192),
        ["llama-3.1-8b"] = new(4096, 32, 32, 8, 14_336, 128_256, 8192, HeadDim: 128),
    };

    public const double Theta = 10_000;
    public const float Epsilon = 1e-5f;

    public string Name => Published.FirstOrDefault(entry => entry.Value == this).Key ?? $"{Hidden}x{Layers}";

    /// <summary>
    /// HIDDENxLAYERS in the proportions of published models: heads of 64, a third or an eighth of them with keys, a feed-forward part of 8/3
    /// rounded up to 256. 768x12 has 100 M weights, 2048x22 is TinyLlama with 1.1 B. Or the name of a published model.
    /// </summary>
    public static SeededModel Parse(string shape)
    {
        if (Published.TryGetValue(shape, out var published))
            return published;
        string[] parts = shape.Split('x');
        if (parts.Length != 2 || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out int hidden) || !int.TryParse(parts[1], CultureInfo.InvariantCulture, out int layers)
            || hidden < SmallHead || hidden % SmallHead != 0 || layers < 1)
            throw new ArgumentException($"--shape {shape}: HIDDENxLAYERS with a multiple of {SmallHead} is expected, such as 768x12, or one of {string.Join(", ", Published.Keys)}.");
        int heads = hidden / SmallHead;
        return new SeededModel(hidden, layers, heads, heads % 3 == 0 ? heads / 3 : heads % 8 == 0 ? heads / 8 : heads, (hidden * 8 / 3 + 255) / 256 * 256, 32_000, 8192);
    }

    public IEnumerable<SeededTensor> Tensors()
    {
        int seed = 1;
        yield return new SeededTensor("model.embed_tokens.weight", "token_embd.weight", Vocabulary, Hidden, seed++);
        yield return new SeededTensor("lm_head.weight", "output.weight", Vocabulary, Hidden, seed++);
        yield return new SeededTensor("model.norm.weight", "output_norm.weight", 0, Hidden, seed++);
        for (int i = 0; i < Layers; i++)
        {
            SeededTensor Of(string name, string gguf, int rows, int columns) =>
                new($"model.layers.{i}.{name}.weight", $"blk.{i}.{gguf}.weight", rows, columns, seed++);
            yield return Of("input_layernorm", "attn_norm", 0, Hidden);
            yield return Of("self_attn.q_proj", "attn_q", Heads * HeadDim, Hidden);
            yield return Of("self_attn.k_proj", "attn_k", KvHeads * HeadDim, Hidden);
            yield return Of("self_attn.v_proj", "attn_v", KvHeads * HeadDim, Hidden);
            yield return Of("self_attn.o_proj", "attn_output", Hidden, Heads * HeadDim);
            yield return Of("post_attention_layernorm", "ffn_norm", 0, Hidden);
            yield return Of("mlp.gate_proj", "ffn_gate", Intermediate, Hidden);
            yield return Of("mlp.up_proj", "ffn_up", Intermediate, Hidden);
            yield return Of("mlp.down_proj", "ffn_down", Hidden, Intermediate);
        }
    }

    /// <summary>Rows of a tensor, one after the other; the array is reused.</summary>
    public static IEnumerable<float[]> Rows(SeededTensor tensor)
    {
        var row = new float[tensor.Columns];
        if (tensor.Rows == 0)
        {
            Array.Fill(row, 1f);
            yield return row;
            yield break;
        }
        uint state = (uint)tensor.Seed * 2654435761u + 12345;
        float scale = MathF.Sqrt(3f / tensor.Columns) / 8388608f; // keeps activations near 1
        for (int i = 0; i < tensor.Rows; i++)
        {
            for (int j = 0; j < row.Length; j++)
            {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                row[j] = ((state >> 8) - 8388608f) * scale;
            }
            yield return row;
        }
    }
}
