using System.Runtime.InteropServices;
using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>
/// Brings stored tensors to the device, several of them as one matrix where one multiplication serves them all. Rows pass through a staging tensor in
/// the target's type, so that a model never stands in the host's memory as a whole.
/// </summary>
internal sealed class WeightUploader(Device device, ScalarType type)
{
    private const long StagingBytes = 64 << 20; // a span of a tensor's bytes ends at 2 GiB

    private TensorType Stored => type switch
    {
        ScalarType.Float32 => TensorType.F32,
        ScalarType.Float16 => TensorType.F16,
        _ => TensorType.BF16,
    };

    private int ElementBytes => type == ScalarType.Float32 ? 4 : 2;

    /// <summary>Stacks tensors [rows, columns], one below the other.</summary>
    /// <param name="parts">Tensors, and the row of them that belongs in each place.</param>
    public Tensor Matrix(int columns, params ReadOnlySpan<(TensorView Tensor, Func<int, int> Row)> parts)
    {
        long rows = 0;
        foreach (var (tensor, _) in parts)
            rows += tensor.Shape[0];
        var matrix = empty(rows, columns, dtype: type, device: device);
        int most = (int)Math.Clamp(StagingBytes / ((long)columns * ElementBytes), 1, rows);
        using var staging = empty(most, columns, dtype: type);
        long at = 0;
        foreach (var (tensor, row) in parts)
        {
            int count = (int)tensor.Shape[0];
            for (int first = 0; first < count; first += most)
            {
                int now = Math.Min(most, count - first);
                Fill(staging, columns, now, tensor, first, row);
                using var source = staging.narrow(0, 0, now);
                using var target = matrix.narrow(0, at, now);
                target.copy_(source);
                at += now;
            }
        }
        return matrix;
    }

    /// <summary>Vectors one after the other, in fp32 whatever the matrices are: they are few, and norms are computed in it.</summary>
    /// <param name="plus">Added to every element.</param>
    public Tensor Vector(float plus, params ReadOnlySpan<(TensorView Tensor, Func<int, int> Row)> parts)
    {
        var values = new List<float>();
        foreach (var (tensor, place) in parts)
        {
            var stored = new float[tensor.Shape[0]];
            tensor.CopyRow(0, stored);
            for (int i = 0; i < stored.Length; i++)
                values.Add(stored[place(i)] + plus);
        }
        using var onHost = tensor(values.ToArray(), dtype: ScalarType.Float32);
        return onHost.to(device, copy: true);
    }

    private unsafe void Fill(Tensor staging, int columns, int count, TensorView source, int first, Func<int, int> row)
    {
        fixed (byte* target = staging.bytes)
        {
            nint start = (nint)target;
            int bytesOfRow = columns * ElementBytes;
            Parallel.For(0, count, () => new float[columns], (i, _, wide) =>
            {
                var place = new Span<byte>((byte*)start + (long)i * bytesOfRow, bytesOfRow);
                if (source.Type == Stored)
                    source.Row(row(first + i), columns).CopyTo(place);
                else
                    Convert(source, row(first + i), wide, place);
                return wide;
            }, static _ => { });
        }
    }

    private void Convert(TensorView source, int row, float[] wide, Span<byte> target)
    {
        source.CopyRow(row, wide);
        if (type == ScalarType.Float32)
        {
            MemoryMarshal.AsBytes(wide.AsSpan()).CopyTo(target);
            return;
        }
        var halves = MemoryMarshal.Cast<byte, ushort>(target);
        for (int i = 0; i < wide.Length; i++)
            halves[i] = type == ScalarType.Float16 ? BitConverter.HalfToUInt16Bits((Half)wide[i]) : Bf16.Round(wide[i]);
    }
}
