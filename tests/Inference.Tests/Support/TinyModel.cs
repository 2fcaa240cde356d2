using System.Text.Json.Nodes;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tests.Support;

/// <summary>A model of random weights, kept as plain arrays for the reference and written to a folder for the loader.</summary>
internal sealed class TinyModel
{
    public int Vocabulary { get; init; } = 264;

    public int Hidden { get; init; } = 48;

    public int Intermediate { get; init; } = 80;

    public int Layers { get; init; } = 2;

    public int Heads { get; init; } = 4;

    public int KvHeads { get; init; } = 2;

    public int HeadDim { get; init; } = 12;

    public int MaxPositions { get; init; } = 256;

    public bool Tied { get; init; } = true;

    /// <summary>Positions a token sees, its own among them; 0: all. With a window the model is written as a Mistral.</summary>
    public int Window { get; init; }

    /// <summary>Layers after which it may be left.</summary>
    public int[] Exits { get; init; } = [];

    /// <summary>Dynamic NTK's factor, beyond <see cref="MaxPositions"/>; 0: positions are not scaled.</summary>
    public double NtkFactor { get; init; }

    public TensorType Stored { get; init; } = TensorType.F32;

    public float Epsilon => (float)RandomModel.Epsilon;

    public double Theta => 10_000;

    /// <summary>[rows * columns] by tensor name, as stored: rounded to <see cref="Stored"/>.</summary>
    public Dictionary<string, float[]> Tensors { get; } = [];

    public Dictionary<string, int[]> Shapes { get; } = [];

    /// <summary>Makes the weights; large enough that a wrong one shows in the logits.</summary>
    public TinyModel WithRandomWeights(int seed)
    {
        var random = new Random(seed);
        Add(random, "model.embed_tokens.weight", Vocabulary, Hidden);
        AddVector(random, "model.norm.weight", Hidden);
        if (!Tied)
            Add(random, "lm_head.weight", Vocabulary, Hidden);
        for (int i = 0; i < Layers; i++)
        {
            string layer = $"model.layers.{i}.";
            AddVector(random, layer + "input_layernorm.weight", Hidden);
            AddVector(random, layer + "post_attention_layernorm.weight", Hidden);
            Add(random, layer + "self_attn.q_proj.weight", Heads * HeadDim, Hidden);
            Add(random, layer + "self_attn.k_proj.weight", KvHeads * HeadDim, Hidden);
            Add(random, layer + "self_attn.v_proj.weight", KvHeads * HeadDim, Hidden);
            Add(random, layer + "self_attn.o_proj.weight", Hidden, Heads * HeadDim);
            Add(random, layer + "mlp.gate_proj.weight", Intermediate, Hidden);
            Add(random, layer + "mlp.up_proj.weight", Intermediate, Hidden);
            Add(random, layer + "mlp.down_proj.weight", Hidden, Intermediate);
        }
        return this;
    }

    public void Set(string name, float[] values, params int[] shape) =>
        (Tensors[name], Shapes[name]) = ([.. values.Select(Round)], shape);

    /// <summary>Writes the folder; <paramref name="shards"/> above 1 writes an index too.</summary>
    public string Write(string folder, int shards = 1)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), Config().ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), ByteTokenizer.Json());
        string[] names = [.. Tensors.Keys];
        if (shards == 1)
        {
            WriteTensors(Path.Combine(folder, "model.safetensors"), names);
            return folder;
        }
        var map = new JsonObject();
        for (int shard = 0; shard < shards; shard++)
        {
            string file = $"model-{shard + 1:D5}-of-{shards:D5}.safetensors";
            string[] part = [.. names.Where((_, i) => i % shards == shard)];
            WriteTensors(Path.Combine(folder, file), part);
            foreach (string name in part)
                map[name] = file;
        }
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
        return folder;
    }

    public JsonObject Config()
    {
        var (type, kind) = Window > 0 ? ("mistral", "MistralForCausalLM") : ("llama", "LlamaForCausalLM");
        var config = RandomModel.Config(type, kind, Vocabulary, Hidden, Intermediate, Layers, Heads, KvHeads, HeadDim, MaxPositions, Tied);
        config["hidden_act"] = "silu";
        config["rope_theta"] = Theta;
        config["rope_scaling"] = NtkFactor > 0 ? new JsonObject { ["rope_type"] = "dynamic", ["factor"] = NtkFactor } : null;
        config["sliding_window"] = Window > 0 ? Window : null;
        if (Exits.Length > 0)
            config["early_exit_layers"] = new JsonArray([.. Exits.Select(layer => JsonValue.Create(layer))]);
        return config;
    }

    private void Add(Random random, string name, int rows, int columns) => Set(name, RandomModel.Matrix(random, rows, columns), rows, columns);

    private void AddVector(Random random, string name, int length) => Set(name, RandomModel.Uniform(random, length, 0.5, 1.5), length);

    private float Round(float value) => Stored switch
    {
        TensorType.F16 => (float)(Half)value,
        TensorType.BF16 => Inference.Kernels.Bf16.Widen(Inference.Kernels.Bf16.Round(value)),
        _ => value,
    };

    private void WriteTensors(string path, string[] names) => SafetensorsWriter.Write(path, names.Select(n => (n, Shapes[n], Tensors[n])), Stored);
}
