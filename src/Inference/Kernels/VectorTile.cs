using System.Runtime.CompilerServices;

namespace Pharos.Inference.Kernels;

/// <summary>
/// One row times a panel in a format with groups, two groups at a time: their sums are chains of their own until they are scaled, so four chains are
/// under way instead of two, and decoding a single sequence waits for memory rather than for multiply-adds to end. Same bits as
/// <see cref="GemmTile{TPath,TVector,TFormat,TRows}"/>.
/// </summary>
internal static unsafe class VectorTile<TPath, TVector, TFormat>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TFormat : struct, IWeightFormat
{
    /// <inheritdoc cref="GemmTile{TPath,TVector,TFormat,TRows}.Run"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* a, byte* weights, int lane, int depth, float* c)
    {
        int groupBytes = TFormat.GroupBytes + TFormat.GroupDepth * TFormat.LineBytes, k = 0;
        TVector totalLow = default, totalHigh = default;
        for (; k + 2 * TFormat.GroupDepth <= depth; k += 2 * TFormat.GroupDepth)
        {
            byte* line = weights + TFormat.GroupBytes, next = line + groupBytes;
            TPath.LoadHalves((uint*)weights + lane, out var scaleLow, out var scaleHigh);
            TPath.LoadHalves((uint*)(weights + groupBytes) + lane, out var nextScaleLow, out var nextScaleHigh);
            TVector low = default, high = default, nextLow = default, nextHigh = default;
            WeightLine<TPath, TVector, TFormat>.Prefetch(weights + 2 * TFormat.GroupDepth * TFormat.LineBytes);
            WeightLine<TPath, TVector, TFormat>.Prefetch(weights + 2 * TFormat.GroupDepth * TFormat.LineBytes + TFormat.GroupBytes);
            for (int i = 0; i < TFormat.GroupDepth; i++)
            {
                WeightLine<TPath, TVector, TFormat>.Prefetch(weights + i * 2 * TFormat.LineBytes);
                TVector x = TPath.Broadcast(a[k + i]), y = TPath.Broadcast(a[k + TFormat.GroupDepth + i]);
                low = TPath.MultiplyAdd(x, WeightLine<TPath, TVector, TFormat>.First(line, lane), low);
                high = TPath.MultiplyAdd(x, WeightLine<TPath, TVector, TFormat>.Second(line, lane), high);
                nextLow = TPath.MultiplyAdd(y, WeightLine<TPath, TVector, TFormat>.First(next, lane), nextLow);
                nextHigh = TPath.MultiplyAdd(y, WeightLine<TPath, TVector, TFormat>.Second(next, lane), nextHigh);
                line += TFormat.LineBytes;
                next += TFormat.LineBytes;
            }
            totalLow = TPath.MultiplyAdd(nextLow, nextScaleLow, TPath.MultiplyAdd(low, scaleLow, totalLow));
            totalHigh = TPath.MultiplyAdd(nextHigh, nextScaleHigh, TPath.MultiplyAdd(high, scaleHigh, totalHigh));
            weights += 2 * groupBytes;
        }
        TPath.Store(c, totalLow);
        TPath.Store(c + 16, totalHigh);
        if (k < depth)
            GemmTile<TPath, TVector, TFormat, Count1>.Run(a + k, weights, lane, depth - k, c, 0, accumulate: k > 0);
    }
}
