using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;
using Pharos.Inference.Tokenization.Models;

namespace Pharos.Bench.Engine;

/// <summary>Writes a seeded model as a Hugging Face directory, with a tokenizer of single bytes.</summary>
internal static class SafetensorsWriter
{
    private const int PieceBytes = 4 << 20; // written at a time

    /// <param name="type">F32 or BF16.</param>
    public static void Write(SeededModel model, TensorType type, string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "config.json"), Config(model).ToJsonString());
        File.WriteAllText(Path.Combine(directory, "tokenizer.json"), Tokenizer().ToJsonString());
        int size = type == TensorType.F32 ? 4 : 2;
        var header = new JsonObject();
        var places = new List<(SeededTensor Tensor, long Offset)>();
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
            places.Add((tensor, offset));
            offset += bytes;
        }
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString()), length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        using var file = File.OpenHandle(Path.Combine(directory, "model.safetensors"), FileMode.Create, FileAccess.Write, preallocationSize: length.Length + json.Length + offset);
        RandomAccess.Write(file, length, 0);
        RandomAccess.Write(file, json, length.Length);
        // Every tensor has its own seed and its own place: billions of weights are a matter of seconds on many cores.
        Parallel.ForEach(places, place => Write(file, length.Length + json.Length + place.Offset, place.Tensor, type));
    }

    public static ushort[] Brains(float[] row) => Array.ConvertAll<float, ushort>(row, Bf16.Round);

    private static void Write(SafeFileHandle file, long offset, SeededTensor tensor, TensorType type)
    {
        using var pending = new MemoryStream(PieceBytes + (1 << 20));
        foreach (float[] row in SeededModel.Rows(tensor))
        {
            pending.Write(type == TensorType.F32 ? MemoryMarshal.AsBytes(row.AsSpan()) : MemoryMarshal.AsBytes(Brains(row).AsSpan()));
            if (pending.Length >= PieceBytes)
                Flush();
        }
        Flush();

        void Flush()
        {
            RandomAccess.Write(file, pending.GetBuffer().AsSpan(0, (int)pending.Length), offset);
            offset += pending.Length;
            pending.SetLength(0);
        }
    }

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
