using System.Text.Json.Nodes;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tests.Support;

/// <summary>
/// A tiny model of some family with random weights: written as a Hugging Face directory and as a GGUF file, each in its own conventions.
/// Weights are kept by the directory's names and in its layout.
/// </summary>
internal sealed class FamilyModel
{
    public const int Vocabulary = 264;
    public const int Hidden = 64;
    public const int Heads = 4;
    public const int MaxPositions = 256;

    /// <summary>Of the test case.</summary>
    public required string Name { get; init; }

    /// <summary><c>model_type</c>.</summary>
    public required string ModelType { get; init; }

    /// <summary>The entry of <c>architectures</c>.</summary>
    public required string Class { get; init; }

    /// <summary><c>general.architecture</c>.</summary>
    public required string Gguf { get; init; }

    public int Layers { get; init; } = 3;

    public int Intermediate { get; init; } = 112;

    public int KvHeads { get; init; } = 2;

    public int HeadDim { get; init; } = 24;

    public bool Tied { get; init; }

    public bool Biases { get; init; }

    public bool HeadNorms { get; init; }

    /// <summary>Norms less one and after each part.</summary>
    public bool IsGemma { get; init; }

    /// <summary>Queries, keys and values in one tensor, gate and up in another.</summary>
    public bool Fused { get; init; }

    /// <summary>The GGUF conversion puts the two of a rotary pair side by side.</summary>
    public bool PairsTogether { get; init; }

    /// <summary>Further fields of <c>config.json</c>.</summary>
    public JsonObject Config { get; init; } = [];

    /// <summary>Further metadata, by keys without the architecture in front.</summary>
    public Dictionary<string, object> Metadata { get; init; } = [];

    /// <summary>Further GGUF tensors (divisors of rotary pairs).</summary>
    public Dictionary<string, float[]> Divisors { get; init; } = [];

    public Dictionary<string, (int[] Shape, float[] Values)> Tensors { get; } = [];

    public FamilyModel WithRandomWeights(int seed)
    {
        var random = new Random(seed);
        int queries = Heads * HeadDim, keys = KvHeads * HeadDim;
        Matrix(random, "model.embed_tokens.weight", Vocabulary, Hidden);
        Norm(random, "model.norm.weight", Hidden);
        if (!Tied)
            Matrix(random, "lm_head.weight", Vocabulary, Hidden);
        for (int i = 0; i < Layers; i++)
        {
            string layer = $"model.layers.{i}.", attention = layer + "self_attn.", feedForward = layer + "mlp.";
            Norm(random, layer + "input_layernorm.weight", Hidden);
            Norm(random, layer + "post_attention_layernorm.weight", Hidden);
            if (IsGemma)
            {
                Norm(random, layer + "pre_feedforward_layernorm.weight", Hidden);
                Norm(random, layer + "post_feedforward_layernorm.weight", Hidden);
            }
            if (Fused)
            {
                Matrix(random, attention + "qkv_proj.weight", queries + 2 * keys, Hidden);
                Matrix(random, feedForward + "gate_up_proj.weight", 2 * Intermediate, Hidden);
            }
            else
            {
                foreach (var (part, rows) in (ReadOnlySpan<(string, int)>)[("q", queries), ("k", keys), ("v", keys)])
                {
                    Matrix(random, attention + part + "_proj.weight", rows, Hidden);
                    if (Biases)
                        Tensors[attention + part + "_proj.bias"] = ([rows], RandomModel.Uniform(random, rows, -0.5, 0.5));
                    if (HeadNorms && part != "v")
                        Norm(random, attention + part + "_norm.weight", HeadDim);
                }
                Matrix(random, feedForward + "gate_proj.weight", Intermediate, Hidden);
                Matrix(random, feedForward + "up_proj.weight", Intermediate, Hidden);
            }
            Matrix(random, attention + "o_proj.weight", Hidden, queries);
            Matrix(random, feedForward + "down_proj.weight", Hidden, Intermediate);
        }
        return this;
    }

    public string WriteDirectory(string folder, TensorType stored = TensorType.F32)
    {
        var config = RandomModel.Config(ModelType, Class, Vocabulary, Hidden, Intermediate, Layers, Heads, KvHeads, HeadDim, MaxPositions, Tied);
        foreach (var (name, value) in Config)
            config[name] = value?.DeepClone();
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), ByteTokenizer.Json());
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), Tensors.Select(t => (t.Key, t.Value.Shape, t.Value.Values)), stored);
        return folder;
    }

    private void Matrix(Random random, string name, int rows, int columns) => Tensors[name] = ([rows, columns], RandomModel.Matrix(random, rows, columns));

    private void Norm(Random random, string name, int length) =>
        Tensors[name] = ([length], IsGemma ? RandomModel.Uniform(random, length, -0.5, 0.5) : RandomModel.Uniform(random, length, 0.5, 1.5));
}
