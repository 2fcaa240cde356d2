using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;
using Pharos.Inference.Tokenization.Models;

namespace Pharos.Bench.Engine;

/// <summary>Writes a seeded model as a Hugging Face directory, with a tokenizer of single bytes.</summary>
internal static class SafetensorsWriter
{
    /// <param name="type">F32 or BF16.</param>
    public static void Write(SeededModel model, TensorType type, string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "config.json"), Config(model).ToJsonString());
        File.WriteAllText(Path.Combine(directory, "tokenizer.json"), Tokenizer().ToJsonString());
        using var file = new BufferedStream(File.Create(Path.Combine(directory, "model.safetensors")), 1 << 20);
        int size = type == TensorType.F32 ? 4 : 2;
        var header = new JsonObject();
        long offset = 0;
        foreach (var tensor in model.Tensors())
        {
            long bytes = (long)Math.Max(1, tensor.Rows) * tensor.Columns * size;
            header[tensor.HuggingFace] = new JsonObject
            {
                ["dtype"] = type.ToString(),
                ["shape"] = tensor.Rows == 0 ? new JsonArray(tensor.Columns) : new JsonArray(tensor.Rows, tensor.Columns),
                ["data_offsets"] = new JsonArray(offset, offset + bytes),
            };
            offset += bytes;
        }
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        foreach (var tensor in model.Tensors())
        {
            foreach (float[] row in SeededModel.Rows(tensor))
                file.Write(type == TensorType.F32 ? MemoryMarshal.AsBytes(row.AsSpan()) : MemoryMarshal.AsBytes(Brains(row).AsSpan()));
        }
    }

    public static ushort[] Brains(float[] row) => [.. row.Select(Bf16.Round)];

    private static JsonObject Config(SeededModel model) => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["vocab_size"] = model.Vocabulary,
        ["hidden_size"] = model.Hidden,
        ["intermediate_size"] = model.Intermediate,
        ["num_hidden_layers"] = model.Layers,
        ["num_attention_heads"] = model.Heads,
        ["num_key_value_heads"] = model.KvHeads,
        ["head_dim"] = model.HeadDim,
        ["hidden_act"] = "silu",
        ["max_position_embeddings"] = model.Positions,
        ["rms_norm_eps"] = SeededModel.Epsilon,
        ["rope_theta"] = SeededModel.Theta,
        ["tie_word_embeddings"] = false,
        ["eos_token_id"] = 256,
    };

    private static JsonObject Tokenizer()
    {
        var vocabulary = new JsonObject();
        for (int value = 0; value < 256; value++)
            vocabulary[ByteAlphabet.Spell((byte)value).ToString()] = value;
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 256, ["content"] = "<|end|>", ["special"] = true }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
    }
}
