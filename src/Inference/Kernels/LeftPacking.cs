using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pharos.Inference.Kernels;

/// <summary>
/// Lays rows out as the left operand of a multiplication: tile after tile, each as [depth][rows of the tile], so that a kernel reads it straight
/// through. For int8 weights each group of 32 is rounded to 16 bits of its largest magnitude: [group]{[16 pairs of depths][rows][2] short, [rows] scales}.
/// </summary>
internal static unsafe class LeftPacking
{
    private const int Group = 32, Pairs = Group / 2, Largest = short.MaxValue;

    /// <summary>Floats' worth of memory that a row of so much depth takes.</summary>
    public static int Floats(WeightType type, int depth) => type == WeightType.Int8 ? (depth + Group - 1) / Group * (Pairs + 1) : depth;

    /// <summary>Puts one row into its place.</summary>
    /// <param name="source">[depth]</param>
    /// <param name="type">Of the weights that the row is to be multiplied with.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(WeightType type, float* source, int depth, float* packed, RowTiles tiles, int row)
    {
        int tile = tiles.TileOfRow(row), start = tiles.Start(tile), size = tiles.Size(tile);
        float* target = packed + (long)start * Floats(type, depth) + (row - start);
        if (type == WeightType.Int8)
        {
            for (; depth > 0; depth -= Group, source += Group, target += (Pairs + 1) * size)
                PackGroup(source, Math.Min(depth, Group), target, size);
            return;
        }
        if (size == 1)
        {
            new ReadOnlySpan<float>(source, depth).CopyTo(new Span<float>(target, depth));
            return;
        }
        for (int k = 0; k < depth; k++)
        {
            *target = source[k];
            target += size;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackGroup(float* source, int depth, float* target, int size)
    {
        float* group = source;
        if (depth < Group)
        {
            float* padded = stackalloc float[Group];
            new Span<float>(padded, Group).Clear();
            new ReadOnlySpan<float>(source, depth).CopyTo(new Span<float>(padded, depth));
            group = padded;
        }
        var largest = Vector128<float>.Zero;
        for (int i = 0; i < Group; i += 4)
            largest = Vector128.Max(largest, Vector128.Abs(Vector128.Load(group + i)));
        largest = Vector128.Max(largest, Vector128.Shuffle(largest, Vector128.Create(2, 3, 0, 1)));
        float scale = MathF.Max(largest[0], largest[1]) / Largest;
        var inverse = Vector128.Create(scale == 0 ? 0 : 1 / scale);
        int* pairs = stackalloc int[4];
        for (int i = 0; i < Group; i += 8)
        {
            var first = Vector128.ConvertToInt32(Vector128.Round(Vector128.Load(group + i) * inverse));
            var second = Vector128.ConvertToInt32(Vector128.Round(Vector128.Load(group + i + 4) * inverse));
            Vector128.Narrow(first, second).AsInt32().Store(pairs);
            for (int pair = 0; pair < 4; pair++)
            {
                *(int*)target = pairs[pair];
                target += size;
            }
        }
        *target = scale;
    }
}
