using System.Runtime.InteropServices;
using System.Text;
using Pharos.Inference.Kernels;

namespace Pharos.Bench.Engine;

/// <summary>Writes the same seeded model as GGUF version 3, for the peer: F32, BF16 or Q8_0 by the weight type.</summary>
internal sealed class GgufWriter : IDisposable
{
    private const int Alignment = 32;
    private const uint TypeUint32 = 4, TypeFloat32 = 6, TypeString = 8;
    private readonly BinaryWriter file;
    private readonly WeightType type;
    private readonly SeededModel model;

    private GgufWriter(SeededModel model, WeightType type, string path)
    {
        (this.model, this.type) = (model, type);
        file = new BinaryWriter(new BufferedStream(File.Create(path), 1 << 20));
    }

    public static void Write(SeededModel model, WeightType type, string path)
    {
        using var writer = new GgufWriter(model, type, path);
        writer.Write();
    }

    public void Dispose() => file.Dispose();

    private void Write()
    {
        SeededTensor[] tensors = [.. model.Tensors()];
        (string Key, object Value)[] fields =
        [
            ("general.architecture", "llama"), ("general.name", model.Name), ("general.file_type", type switch { WeightType.F32 => 0u, WeightType.Bf16 => 32u, _ => 7u }),
            ("llama.context_length", (uint)model.Positions), ("llama.embedding_length", (uint)model.Hidden), ("llama.block_count", (uint)model.Layers),
            ("llama.feed_forward_length", (uint)model.Intermediate), ("llama.attention.head_count", (uint)model.Heads),
            ("llama.attention.head_count_kv", (uint)model.KvHeads), ("llama.attention.layer_norm_rms_epsilon", SeededModel.Epsilon),
            ("llama.rope.dimension_count", (uint)model.HeadDim), ("llama.rope.freq_base", (float)SeededModel.Theta),
            ("llama.vocab_size", (uint)model.Vocabulary), ("tokenizer.ggml.model", "no_vocab"),
        ];
        file.Write("GGUF"u8);
        file.Write(3u);
        file.Write((ulong)tensors.Length);
        file.Write((ulong)fields.Length);
        foreach (var (key, value) in fields)
            WriteField(key, value);
        long offset = 0;
        foreach (var tensor in tensors)
        {
            Write(tensor.Gguf);
            file.Write(tensor.Rows == 0 ? 1u : 2u);
            file.Write((ulong)tensor.Columns);
            if (tensor.Rows > 0)
                file.Write((ulong)tensor.Rows);
            file.Write(tensor.Rows == 0 ? 0u : type switch { WeightType.F32 => 0u, WeightType.Bf16 => 30u, _ => 8u });
            file.Write((ulong)offset);
            offset += (BytesOf(tensor) + Alignment - 1) / Alignment * Alignment;
        }
        Pad();
        foreach (var tensor in tensors)
        {
            foreach (float[] row in Ordered(tensor))
                WriteRow(row, tensor.Rows == 0 ? WeightType.F32 : type);
            Pad();
        }
    }

    private long BytesOf(SeededTensor tensor) => tensor.Rows == 0 ? tensor.Columns * 4L : (long)tensor.Rows * type switch
    {
        WeightType.F32 => tensor.Columns * 4,
        WeightType.Bf16 => tensor.Columns * 2,
        _ => tensor.Columns / 32 * 34,
    };

    /// <summary>Rotary heads have their pairs side by side in this format, the halves' rows in turn.</summary>
    private IEnumerable<float[]> Ordered(SeededTensor tensor)
    {
        if (!tensor.Gguf.Contains("attn_q", StringComparison.Ordinal) && !tensor.Gguf.Contains("attn_k", StringComparison.Ordinal))
            return SeededModel.Rows(tensor);
        int half = model.HeadDim / 2;
        return SeededModel.Rows(tensor).Select(row => (float[])row.Clone()).Chunk(model.HeadDim)
            .SelectMany(head => Enumerable.Range(0, model.HeadDim).Select(i => head[i % 2 * half + i / 2]));
    }

    private void WriteRow(float[] row, WeightType stored)
    {
        if (stored == WeightType.F32)
            file.Write(MemoryMarshal.AsBytes(row.AsSpan()));
        else if (stored == WeightType.Bf16)
            file.Write(MemoryMarshal.AsBytes(SafetensorsWriter.Brains(row).AsSpan()));
        else
            foreach (float[] group in row.Select(value => Bf16.Widen(Bf16.Round(value))).Chunk(32))
                WriteGroup(group);
    }

    private void WriteGroup(float[] group)
    {
        float scale = group.Max(MathF.Abs) / 127, inverse = scale == 0 ? 0 : 1 / scale;
        file.Write(BitConverter.HalfToUInt16Bits((Half)scale));
        foreach (float value in group)
            file.Write((sbyte)MathF.Round(value * inverse, MidpointRounding.AwayFromZero));
    }

    private void WriteField(string key, object value)
    {
        Write(key);
        switch (value)
        {
            case uint number: file.Write(TypeUint32); file.Write(number); break;
            case float number: file.Write(TypeFloat32); file.Write(number); break;
            default: file.Write(TypeString); Write((string)value); break;
        }
    }

    private void Write(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        file.Write((ulong)bytes.Length);
        file.Write(bytes);
    }

    private void Pad()
    {
        file.Flush();
        while (file.BaseStream.Position % Alignment != 0)
            file.Write((byte)0);
    }
}
