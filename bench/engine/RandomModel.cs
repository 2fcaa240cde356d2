using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>A model directory of a real shape with seeded random bf16 weights: as fast or slow as a trained one, and it says nothing.</summary>
internal sealed class RandomModel : IDisposable
{
    private const int Vocabulary = 32_000, Positions = 8_192;
    private readonly string folder = Directory.CreateTempSubdirectory("pharos-bench-").FullName;

    /// <param name="hidden">Width; heads are 64 wide, three query heads share one of keys.</param>
    /// <param name="tokenizer">Any tokenizer.json; its text does not matter.</param>
    public RandomModel(int hidden, int layers, string tokenizer)
    {
        int heads = hidden / 64, kvHeads = heads % 3 == 0 ? heads / 3 : heads, feedForward = (hidden * 8 / 3 + 31) / 32 * 32;
        File.Copy(tokenizer, Path.Combine(folder, "tokenizer.json"));
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"), ["model_type"] = "llama", ["hidden_act"] = "silu", ["tie_word_embeddings"] = true,
            ["vocab_size"] = Vocabulary, ["hidden_size"] = hidden, ["intermediate_size"] = feedForward, ["num_hidden_layers"] = layers,
            ["num_attention_heads"] = heads, ["num_key_value_heads"] = kvHeads, ["head_dim"] = 64, ["max_position_embeddings"] = Positions,
            ["rms_norm_eps"] = 1e-5, ["rope_theta"] = 10_000, ["eos_token_id"] = 2,
        }.ToJsonString());
        var shapes = new Dictionary<string, int[]> { ["model.embed_tokens.weight"] = [Vocabulary, hidden], ["model.norm.weight"] = [hidden] };
        for (int i = 0; i < layers; i++)
        {
            string layer = $"model.layers.{i}.";
            (shapes[layer + "input_layernorm.weight"], shapes[layer + "post_attention_layernorm.weight"]) = ([hidden], [hidden]);
            (shapes[layer + "self_attn.q_proj.weight"], shapes[layer + "self_attn.o_proj.weight"]) = ([heads * 64, hidden], [hidden, heads * 64]);
            (shapes[layer + "self_attn.k_proj.weight"], shapes[layer + "self_attn.v_proj.weight"]) = ([kvHeads * 64, hidden], [kvHeads * 64, hidden]);
            (shapes[layer + "mlp.gate_proj.weight"], shapes[layer + "mlp.up_proj.weight"]) = ([feedForward, hidden], [feedForward, hidden]);
            shapes[layer + "mlp.down_proj.weight"] = [hidden, feedForward];
        }
        Write(Path.Combine(folder, "model.safetensors"), shapes);
        Loaded = ModelDirectory.Load(folder, $"random-{hidden}x{layers}");
    }

    public LoadedModel Loaded { get; }

    private static void Write(string path, Dictionary<string, int[]> shapes)
    {
        var header = new JsonObject();
        long end = 0;
        foreach (var (name, shape) in shapes)
        {
            long start = end;
            end += shape.Aggregate(1L, (a, b) => a * b) * sizeof(ushort);
            header[name] = new JsonObject { ["dtype"] = "BF16", ["shape"] = new JsonArray([.. shape.Select(s => (JsonNode)s)]), ["data_offsets"] = new JsonArray(start, end) };
        }
        var random = new Random(1);
        var page = new ushort[1 << 20];
        for (int i = 0; i < page.Length; i++)
            page[i] = (ushort)(BitConverter.SingleToUInt32Bits((float)(random.NextDouble() - 0.5) * 0.1f) >> 16);
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        var bytes = MemoryMarshal.AsBytes(page.AsSpan());
        for (long left = end; left > 0; left -= bytes.Length)
            file.Write(bytes[..(int)Math.Min(left, bytes.Length)]);
    }

    public void Dispose()
    {
        Loaded.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
