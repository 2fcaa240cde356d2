using System.Runtime.InteropServices;

namespace Pharos.Inference.Loading;

/// <summary>How a stored weight is written.</summary>
public enum TensorType
{
    F32,
    F16,
    BF16,
}

/// <summary>A tensor in a mapped file; valid until the model is disposed.</summary>
internal sealed unsafe class TensorView(string file, string name, TensorType type, long[] shape, byte* data)
{
    public string File => file;

    public TensorType Type => type;

    public IReadOnlyList<long> Shape => shape;

    public static int BytesOf(TensorType type) => type == TensorType.F32 ? 4 : 2;

    /// <summary>Fails unless the shape is [rows, columns], or [columns] where <paramref name="rows"/> is 0.</summary>
    public TensorView Expect(int rows, int columns)
    {
        bool fits = rows == 0 ? shape.Length == 1 && shape[0] == columns : shape.Length == 2 && shape[0] == rows && shape[1] == columns;
        if (fits)
            return this;
        string expected = rows == 0 ? $"[{columns}]" : $"[{rows}, {columns}]";
        throw new ModelLoadException($"{file}: shape of {name} is [{string.Join(", ", shape)}]; config.json asks for {expected}.");
    }

    /// <summary>Widens row <paramref name="row"/> (of <paramref name="target"/>'s length) to fp32.</summary>
    public void CopyRow(long row, Span<float> target)
    {
        long first = row * target.Length;
        switch (type)
        {
            case TensorType.F32:
                // Tensors need not be aligned within the file.
                new ReadOnlySpan<byte>(data + first * 4, target.Length * 4).CopyTo(MemoryMarshal.AsBytes(target));
                break;
            case TensorType.F16:
                var halves = (Half*)(data + first * 2);
                for (int i = 0; i < target.Length; i++)
                    target[i] = (float)halves[i];
                break;
            default:
                var brains = (ushort*)(data + first * 2);
                for (int i = 0; i < target.Length; i++)
                    target[i] = BitConverter.UInt32BitsToSingle((uint)brains[i] << 16);
                break;
        }
    }
}
