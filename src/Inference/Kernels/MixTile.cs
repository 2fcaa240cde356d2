using System.Runtime.CompilerServices;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>
/// Sums of values weighted by probabilities, for some rows and up to four vectors of dimensions. An output element is one chain over tokens, in order;
/// a chain may be continued by a later call.
/// </summary>
/// <typeparam name="TElement">float, or ushort for bf16.</typeparam>
/// <typeparam name="TRows">At most half the rows of a matrix tile.</typeparam>
/// <typeparam name="TVectors">1, 2 or 4.</typeparam>
internal static unsafe class MixTile<TPath, TVector, TElement, TRows, TVectors>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TElement : unmanaged
    where TRows : struct, ICount
    where TVectors : struct, ICount
{
    /// <param name="probabilities">Of position 0 and the first row; rows are <paramref name="stride"/> apart.</param>
    /// <param name="first">First position that counts.</param>
    /// <param name="end">Position after the last.</param>
    /// <param name="values">Of block 0, this layer and head, at the first of the dimensions.</param>
    /// <param name="outputs">Of each row, at the first of the dimensions less <paramref name="dimension"/>.</param>
    /// <param name="accumulate">Continue the chains that the outputs hold instead of starting at zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(
        float* probabilities, int stride, int first, int end, TElement* values, int* table, KvLayout layout, float** outputs, int dimension, bool accumulate)
    {
        int headDim = layout.HeadDim, size = layout.BlockSize, last = (end - 1) / size;
        long blockElements = layout.BlockElements;
        TVector s00 = Begin(0, 0, outputs, dimension, accumulate), s01 = Begin(0, 1, outputs, dimension, accumulate), s02 = Begin(0, 2, outputs, dimension, accumulate), s03 = Begin(0, 3, outputs, dimension, accumulate);
        TVector s10 = Begin(1, 0, outputs, dimension, accumulate), s11 = Begin(1, 1, outputs, dimension, accumulate), s12 = Begin(1, 2, outputs, dimension, accumulate), s13 = Begin(1, 3, outputs, dimension, accumulate);
        TVector s20 = Begin(2, 0, outputs, dimension, accumulate), s21 = Begin(2, 1, outputs, dimension, accumulate), s22 = Begin(2, 2, outputs, dimension, accumulate), s23 = Begin(2, 3, outputs, dimension, accumulate);
        TVector s30 = Begin(3, 0, outputs, dimension, accumulate), s31 = Begin(3, 1, outputs, dimension, accumulate), s32 = Begin(3, 2, outputs, dimension, accumulate), s33 = Begin(3, 3, outputs, dimension, accumulate);
        TVector s40 = Begin(4, 0, outputs, dimension, accumulate), s41 = Begin(4, 1, outputs, dimension, accumulate), s42 = Begin(4, 2, outputs, dimension, accumulate), s43 = Begin(4, 3, outputs, dimension, accumulate);
        TVector s50 = Begin(5, 0, outputs, dimension, accumulate), s51 = Begin(5, 1, outputs, dimension, accumulate), s52 = Begin(5, 2, outputs, dimension, accumulate), s53 = Begin(5, 3, outputs, dimension, accumulate);
        for (int position = first; position < end;)
        {
            int block = position / size, stop = Math.Min(end, (block + 1) * size);
            TElement* value = values + table[block] * blockElements + (long)(position - block * size) * headDim;
            TElement* next = block < last ? values + table[block + 1] * blockElements : value; // fetched meanwhile
            for (; position < stop; position++)
            {
                TPath.Prefetch(next);
                if (TVectors.Count * TPath.Lanes * sizeof(TElement) > 64)
                    TPath.Prefetch((byte*)next + 64);
                if (TVectors.Count * TPath.Lanes * sizeof(TElement) > 128)
                {
                    TPath.Prefetch((byte*)next + 128);
                    TPath.Prefetch((byte*)next + 192);
                }
                TVector v0 = Load(0, value), v1 = Load(1, value), v2 = Load(2, value), v3 = Load(3, value);
                float* p = probabilities + position;
                var p0 = TPath.Broadcast(p[0]);
                s00 = Add(0, p0, v0, s00);
                s01 = Add(1, p0, v1, s01);
                s02 = Add(2, p0, v2, s02);
                s03 = Add(3, p0, v3, s03);
                if (TRows.Count > 1)
                {
                    var p1 = TPath.Broadcast(p[1 * stride]);
                    s10 = Add(0, p1, v0, s10);
                    s11 = Add(1, p1, v1, s11);
                    s12 = Add(2, p1, v2, s12);
                    s13 = Add(3, p1, v3, s13);
                }
                if (TRows.Count > 2)
                {
                    var p2 = TPath.Broadcast(p[2 * stride]);
                    s20 = Add(0, p2, v0, s20);
                    s21 = Add(1, p2, v1, s21);
                    s22 = Add(2, p2, v2, s22);
                    s23 = Add(3, p2, v3, s23);
                }
                if (TRows.Count > 3)
                {
                    var p3 = TPath.Broadcast(p[3 * stride]);
                    s30 = Add(0, p3, v0, s30);
                    s31 = Add(1, p3, v1, s31);
                    s32 = Add(2, p3, v2, s32);
                    s33 = Add(3, p3, v3, s33);
                }
                if (TRows.Count > 4)
                {
                    var p4 = TPath.Broadcast(p[4 * stride]);
                    s40 = Add(0, p4, v0, s40);
                    s41 = Add(1, p4, v1, s41);
                    s42 = Add(2, p4, v2, s42);
                    s43 = Add(3, p4, v3, s43);
                }
                if (TRows.Count > 5)
                {
                    var p5 = TPath.Broadcast(p[5 * stride]);
                    s50 = Add(0, p5, v0, s50);
                    s51 = Add(1, p5, v1, s51);
                    s52 = Add(2, p5, v2, s52);
                    s53 = Add(3, p5, v3, s53);
                }
                value += headDim;
                next += headDim;
            }
        }
        End(0, 0, outputs, dimension, s00);
        End(0, 1, outputs, dimension, s01);
        End(0, 2, outputs, dimension, s02);
        End(0, 3, outputs, dimension, s03);
        End(1, 0, outputs, dimension, s10);
        End(1, 1, outputs, dimension, s11);
        End(1, 2, outputs, dimension, s12);
        End(1, 3, outputs, dimension, s13);
        End(2, 0, outputs, dimension, s20);
        End(2, 1, outputs, dimension, s21);
        End(2, 2, outputs, dimension, s22);
        End(2, 3, outputs, dimension, s23);
        End(3, 0, outputs, dimension, s30);
        End(3, 1, outputs, dimension, s31);
        End(3, 2, outputs, dimension, s32);
        End(3, 3, outputs, dimension, s33);
        End(4, 0, outputs, dimension, s40);
        End(4, 1, outputs, dimension, s41);
        End(4, 2, outputs, dimension, s42);
        End(4, 3, outputs, dimension, s43);
        End(5, 0, outputs, dimension, s50);
        End(5, 1, outputs, dimension, s51);
        End(5, 2, outputs, dimension, s52);
        End(5, 3, outputs, dimension, s53);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Begin(int row, int vector, float** outputs, int dimension, bool accumulate) =>
        TRows.Count > row && TVectors.Count > vector && accumulate ? TPath.Load(outputs[row] + dimension + vector * TPath.Lanes) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Load(int vector, TElement* value)
    {
        if (TVectors.Count <= vector)
            return default;
        value += vector * TPath.Lanes;
        return typeof(TElement) == typeof(float) ? TPath.Load((float*)value) : TPath.LoadBf16((ushort*)value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Add(int vector, TVector probability, TVector value, TVector sum) =>
        TVectors.Count > vector ? TPath.MultiplyAdd(probability, value, sum) : sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(int row, int vector, float** outputs, int dimension, TVector sum)
    {
        if (TRows.Count > row && TVectors.Count > vector)
            TPath.Store(outputs[row] + dimension + vector * TPath.Lanes, sum);
    }
}
