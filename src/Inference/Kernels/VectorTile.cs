using System.Runtime.CompilerServices;

namespace Pharos.Inference.Kernels;

/// <summary>
/// One row times two panels: the chains of <see cref="GemmTile{TPath,TVector,TFormat,TRows}"/>, bit for bit, but four at a time, because a
/// multiply-add takes as long as four of them can be started. Decoding a single sequence would wait for arithmetic otherwise.
/// </summary>
internal static unsafe class VectorTile<TPath, TVector, TFormat>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TFormat : struct, IWeightFormat
{
    /// <param name="a">[depth]</param>
    /// <param name="left">Line 0 of a panel.</param>
    /// <param name="right">Line 0 of the next.</param>
    /// <param name="lane">As for the tile of several rows.</param>
    /// <param name="c">Column <paramref name="lane"/> of the first panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* a, byte* left, byte* right, int lane, int depth, float* c)
    {
        int groups = 1, groupDepth = depth;
        if (TFormat.GroupDepth > 0)
            groups = (depth + TFormat.GroupDepth - 1) / TFormat.GroupDepth;
        TVector total0 = default, total1 = default, total2 = default, total3 = default;
        for (; groups > 0; groups--, depth -= TFormat.GroupDepth)
        {
            TVector scale0 = default, scale1 = default, scale2 = default, scale3 = default;
            if (TFormat.GroupDepth > 0)
            {
                TPath.LoadHalves((uint*)left + lane, out scale0, out scale1);
                TPath.LoadHalves((uint*)right + lane, out scale2, out scale3);
                left += TFormat.GroupBytes;
                right += TFormat.GroupBytes;
                groupDepth = Math.Min(depth, TFormat.GroupDepth);
            }
            TVector sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            for (int k = 0; k < groupDepth; k++)
            {
                WeightLine<TPath, TVector, TFormat>.Prefetch(left);
                WeightLine<TPath, TVector, TFormat>.Prefetch(right);
                var x = TPath.Broadcast(a[k]);
                sum0 = TPath.MultiplyAdd(x, WeightLine<TPath, TVector, TFormat>.First(left, lane), sum0);
                sum1 = TPath.MultiplyAdd(x, WeightLine<TPath, TVector, TFormat>.Second(left, lane), sum1);
                sum2 = TPath.MultiplyAdd(x, WeightLine<TPath, TVector, TFormat>.First(right, lane), sum2);
                sum3 = TPath.MultiplyAdd(x, WeightLine<TPath, TVector, TFormat>.Second(right, lane), sum3);
                left += TFormat.LineBytes;
                right += TFormat.LineBytes;
            }
            a += groupDepth;
            total0 = Add(total0, sum0, scale0);
            total1 = Add(total1, sum1, scale1);
            total2 = Add(total2, sum2, scale2);
            total3 = Add(total3, sum3, scale3);
        }
        TPath.Store(c, total0);
        TPath.Store(c + 16, total1);
        TPath.Store(c + PackedMatrix.PanelWidth, total2);
        TPath.Store(c + PackedMatrix.PanelWidth + 16, total3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Add(TVector total, TVector sum, TVector scale) => TFormat.GroupDepth == 0 ? sum : TPath.MultiplyAdd(sum, scale, total);
}
