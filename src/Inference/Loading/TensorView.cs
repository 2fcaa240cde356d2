using System.Runtime.InteropServices;
using Pharos.Inference.Kernels;

namespace Pharos.Inference.Loading;

/// <summary>A tensor in a mapped file; valid until the model is disposed.</summary>
internal sealed unsafe class TensorView(string file, string name, TensorType type, long[] shape, byte* data)
{
    public string File => file;

    public string Name => name;

    public TensorType Type => type;

    public IReadOnlyList<long> Shape => shape;

    /// <summary>Fails unless the shape is [rows, columns], or [columns] where <paramref name="rows"/> is 0.</summary>
    public TensorView Expect(int rows, int columns)
    {
        bool fits = rows == 0 ? shape.Length == 1 && shape[0] == columns : shape.Length == 2 && shape[0] == rows && shape[1] == columns;
        if (fits)
            return this;
        string expected = rows == 0 ? $"[{columns}]" : $"[{rows}, {columns}]";
        throw new ModelLoadException($"{file}: shape of {name} is [{string.Join(", ", shape)}]; the configuration asks for {expected}.");
    }

    /// <summary>Some consecutive rows of a matrix, as a matrix.</summary>
    public TensorView Rows(int first, int count)
    {
        long bytesOfRow = shape[1] / TensorTypes.BlockOf(type) * TensorTypes.BytesOfBlock(type);
        return new TensorView(file, name, type, [count, shape[1]], data + first * bytesOfRow);
    }

    /// <summary>The stored bytes of a row of <paramref name="columns"/> elements, as they are.</summary>
    public ReadOnlySpan<byte> Row(long row, int columns)
    {
        int bytesOfRow = columns / TensorTypes.BlockOf(type) * TensorTypes.BytesOfBlock(type);
        return new ReadOnlySpan<byte>(data + row * bytesOfRow, bytesOfRow);
    }

    /// <summary>Widens row <paramref name="row"/> (of <paramref name="target"/>'s length) to fp32.</summary>
    public void CopyRow(long row, Span<float> target)
    {
        byte* source = data + row * (target.Length / TensorTypes.BlockOf(type)) * TensorTypes.BytesOfBlock(type);
        switch (type)
        {
            case TensorType.F32:
                // Tensors need not be aligned within the file.
                new ReadOnlySpan<byte>(source, target.Length * 4).CopyTo(MemoryMarshal.AsBytes(target));
                break;
            case TensorType.F16:
                for (int i = 0; i < target.Length; i++)
                    target[i] = (float)((Half*)source)[i];
                break;
            case TensorType.BF16:
                Bf16.Widen((ushort*)source, target);
                break;
            default:
                Gguf.BlockQuants.Widen(type, source, target);
                break;
        }
    }
}
