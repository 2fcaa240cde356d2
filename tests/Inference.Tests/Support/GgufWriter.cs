using System.Text;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tests.Support;

/// <summary>Writes GGUF files, version 3, by the format's specification and independently of the reader.</summary>
internal sealed class GgufWriter
{
    private const int Alignment = 32;
    private readonly List<(string Key, Action<BinaryWriter> Write)> metadata = [];
    private readonly List<(string Name, int[] Shape, uint Type, byte[] Data)> tensors = [];

    /// <param name="value">An int (written as uint32), float, bool, string, or an array of one of them (ints then as int32).</param>
    public GgufWriter Set(string key, object value)
    {
        metadata.Add((key, writer => Write(writer, value)));
        return this;
    }

    public bool Has(string key) => metadata.Any(entry => entry.Key == key);

    /// <param name="shape">[rows, columns], the fastest last.</param>
    public GgufWriter Add(string name, int[] shape, float[] values, TensorType type = TensorType.F32)
    {
        var data = new MemoryStream();
        foreach (float value in values)
            data.Write(SafetensorsWriter.Bytes(value, type));
        return Add(name, shape, type switch { TensorType.F16 => 1u, TensorType.BF16 => 30u, _ => 0u }, data.ToArray());
    }

    /// <param name="type">The number of the type in the format.</param>
    public GgufWriter Add(string name, int[] shape, uint type, byte[] data)
    {
        tensors.Add((name, shape, type, data));
        return this;
    }

    public byte[] ToBytes()
    {
        var stream = new MemoryStream();
        var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        foreach (var (key, write) in metadata)
        {
            Text(writer, key);
            write(writer);
        }
        ulong offset = 0;
        foreach (var (name, shape, type, data) in tensors)
        {
            Text(writer, name);
            writer.Write((uint)shape.Length);
            foreach (int size in shape.Reverse())
                writer.Write((ulong)size);
            writer.Write(type);
            writer.Write(offset);
            offset += (ulong)Aligned(data.Length);
        }
        foreach (var (_, _, _, data) in tensors)
        {
            writer.Write(new byte[Aligned(stream.Length) - stream.Length]);
            writer.Write(data);
        }
        return stream.ToArray();
    }

    public string Write(string path)
    {
        File.WriteAllBytes(path, ToBytes());
        return path;
    }

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Write(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case int number: writer.Write(4u); writer.Write(number); break;
            case float number: writer.Write(6u); writer.Write(number); break;
            case bool flag: writer.Write(7u); writer.Write(flag); break;
            case string text: writer.Write(8u); Text(writer, text); break;
            case int[] numbers: Elements(writer, 5, numbers, writer.Write); break;
            case float[] numbers: Elements(writer, 6, numbers, writer.Write); break;
            case bool[] flags: Elements(writer, 7, flags, writer.Write); break;
            case string[] texts: Elements(writer, 8, texts, text => Text(writer, text)); break;
            default: throw new ArgumentException($"{value.GetType()} has no form here.", nameof(value));
        }
    }

    private static void Elements<T>(BinaryWriter writer, uint type, T[] values, Action<T> write)
    {
        writer.Write(9u);
        writer.Write(type);
        writer.Write((ulong)values.Length);
        foreach (var value in values)
            write(value);
    }
}
