using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pharos.Inference.Kernels;

/// <summary>Writes the lines of one panel from its columns, [32][depth] floats.</summary>
internal static unsafe class PanelPacking
{
    private const int Width = PackedMatrix.PanelWidth, Half = Width / 2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void F32(float* columns, int depth, float* lines)
    {
        for (int k = 0; k < depth; k++)
        {
            for (int j = 0; j < Width; j++)
                *lines++ = columns[(long)j * depth + k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Bf16(float* columns, int depth, uint* lines)
    {
        // Words of eight depths are made column by column, where the source is consecutive, and then turned.
        const int block = 8;
        uint* words = stackalloc uint[Half * block];
        int k = 0;
        for (; k + block <= depth; k += block)
        {
            for (int j = 0; j < Half; j++)
            {
                var first = Kernels.Bf16.Round(Vector256.Load(columns + (long)j * depth + k));
                var second = Kernels.Bf16.Round(Vector256.Load(columns + (long)(j + Half) * depth + k));
                (first | (second << 16)).Store(words + j * block);
            }
            for (int i = 0; i < block; i++)
            {
                for (int j = 0; j < Half; j++)
                    *lines++ = words[j * block + i];
            }
        }
        for (; k < depth; k++)
        {
            for (int j = 0; j < Half; j++)
                *lines++ = Kernels.Bf16.Round(columns[(long)j * depth + k]) | (uint)Kernels.Bf16.Round(columns[(long)(j + Half) * depth + k]) << 16;
        }
    }

    /// <summary>
    /// One group of every column: scale = largest magnitude / 127, weights rounded half away from zero, as GGUF's Q8_0 defines it. Values that came
    /// from Q8_0 get their own bytes back.
    /// </summary>
    /// <param name="columns">At the first depth of the group; columns lie <paramref name="stride"/> apart.</param>
    /// <param name="scales">[16][2]</param>
    /// <param name="lines">[pairs of depths][32][2]</param>
    public static void Int8Group(float* columns, int stride, int depth, ushort* scales, sbyte* lines)
    {
        for (int j = 0; j < Width; j++)
        {
            float* column = columns + (long)j * stride;
            if (depth < Int8Format.GroupDepth)
                ClearColumn(lines, j);
            float largest = 0;
            for (int k = 0; k < depth; k++)
                largest = MathF.Max(largest, MathF.Abs(column[k]));
            float scale = largest / 127, inverse = scale == 0 ? 0 : 1 / scale;
            scales[j < Half ? 2 * j : 2 * (j - Half) + 1] = BitConverter.HalfToUInt16Bits((System.Half)scale);
            for (int k = 0; k < depth; k++)
                lines[(k / 2 * Width + j) * 2 + k % 2] = (sbyte)MathF.Round(column[k] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    private static void ClearColumn(sbyte* lines, int column)
    {
        for (int k = 0; k < Int8Format.GroupDepth; k++)
            lines[(k / 2 * Width + column) * 2 + k % 2] = 0;
    }
}
