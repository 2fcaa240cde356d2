using System.Runtime.CompilerServices;

namespace Pharos.Inference.Kernels;

/// <summary>
/// Scores of some rows (queries times heads of a group) against four tiles of 16 keys at once, so that even a single row has four chains under way.
/// A score is one chain over headDim, in order: nothing depends on how rows or tiles are grouped.
/// </summary>
/// <typeparam name="TElement">float, or ushort for bf16.</typeparam>
/// <typeparam name="TRows">At most half the rows of a matrix tile.</typeparam>
internal static unsafe class ScoreTile<TPath, TVector, TElement, TRows>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TElement : unmanaged
    where TRows : struct, ICount
{
    private const int Width = KvCache.KvLayout.Tile;

    /// <param name="query">[headDim][rows]</param>
    /// <param name="tiles">Four tiles [headDim][16], and the four after them, which are fetched meanwhile.</param>
    /// <param name="scores">Of the first row; rows are <paramref name="stride"/> apart and get 64 scores each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* query, TElement** tiles, int headDim, float* scores, int stride)
    {
        for (int lane = 0; lane < Width; lane += TPath.Lanes)
        {
            float* q = query;
            TElement* keys0 = tiles[0] + lane, keys1 = tiles[1] + lane, keys2 = tiles[2] + lane, keys3 = tiles[3] + lane;
            TElement* next0 = tiles[4], next1 = tiles[5], next2 = tiles[6], next3 = tiles[7];
            TVector s00 = default, s01 = default, s02 = default, s03 = default;
            TVector s10 = default, s11 = default, s12 = default, s13 = default;
            TVector s20 = default, s21 = default, s22 = default, s23 = default;
            TVector s30 = default, s31 = default, s32 = default, s33 = default;
            TVector s40 = default, s41 = default, s42 = default, s43 = default;
            TVector s50 = default, s51 = default, s52 = default, s53 = default;
            for (int d = 0; d < headDim; d++)
            {
                if (lane == 0 && (d & (LinesApart - 1)) == 0)
                {
                    TPath.Prefetch(next0 + d * Width);
                    TPath.Prefetch(next1 + d * Width);
                    TPath.Prefetch(next2 + d * Width);
                    TPath.Prefetch(next3 + d * Width);
                }
                var q0 = TPath.Broadcast(q[0]);
                var q1 = TRows.Count > 1 ? TPath.Broadcast(q[1]) : default;
                var q2 = TRows.Count > 2 ? TPath.Broadcast(q[2]) : default;
                var q3 = TRows.Count > 3 ? TPath.Broadcast(q[3]) : default;
                var q4 = TRows.Count > 4 ? TPath.Broadcast(q[4]) : default;
                var q5 = TRows.Count > 5 ? TPath.Broadcast(q[5]) : default;
                var key0 = Load(keys0 + d * Width);
                s00 = TPath.MultiplyAdd(q0, key0, s00);
                s10 = TRows.Count > 1 ? TPath.MultiplyAdd(q1, key0, s10) : s10;
                s20 = TRows.Count > 2 ? TPath.MultiplyAdd(q2, key0, s20) : s20;
                s30 = TRows.Count > 3 ? TPath.MultiplyAdd(q3, key0, s30) : s30;
                s40 = TRows.Count > 4 ? TPath.MultiplyAdd(q4, key0, s40) : s40;
                s50 = TRows.Count > 5 ? TPath.MultiplyAdd(q5, key0, s50) : s50;
                var key1 = Load(keys1 + d * Width);
                s01 = TPath.MultiplyAdd(q0, key1, s01);
                s11 = TRows.Count > 1 ? TPath.MultiplyAdd(q1, key1, s11) : s11;
                s21 = TRows.Count > 2 ? TPath.MultiplyAdd(q2, key1, s21) : s21;
                s31 = TRows.Count > 3 ? TPath.MultiplyAdd(q3, key1, s31) : s31;
                s41 = TRows.Count > 4 ? TPath.MultiplyAdd(q4, key1, s41) : s41;
                s51 = TRows.Count > 5 ? TPath.MultiplyAdd(q5, key1, s51) : s51;
                var key2 = Load(keys2 + d * Width);
                s02 = TPath.MultiplyAdd(q0, key2, s02);
                s12 = TRows.Count > 1 ? TPath.MultiplyAdd(q1, key2, s12) : s12;
                s22 = TRows.Count > 2 ? TPath.MultiplyAdd(q2, key2, s22) : s22;
                s32 = TRows.Count > 3 ? TPath.MultiplyAdd(q3, key2, s32) : s32;
                s42 = TRows.Count > 4 ? TPath.MultiplyAdd(q4, key2, s42) : s42;
                s52 = TRows.Count > 5 ? TPath.MultiplyAdd(q5, key2, s52) : s52;
                var key3 = Load(keys3 + d * Width);
                s03 = TPath.MultiplyAdd(q0, key3, s03);
                s13 = TRows.Count > 1 ? TPath.MultiplyAdd(q1, key3, s13) : s13;
                s23 = TRows.Count > 2 ? TPath.MultiplyAdd(q2, key3, s23) : s23;
                s33 = TRows.Count > 3 ? TPath.MultiplyAdd(q3, key3, s33) : s33;
                s43 = TRows.Count > 4 ? TPath.MultiplyAdd(q4, key3, s43) : s43;
                s53 = TRows.Count > 5 ? TPath.MultiplyAdd(q5, key3, s53) : s53;
                q += TRows.Count;
            }
            Store(0, scores + lane, stride, s00, s01, s02, s03);
            Store(1, scores + lane, stride, s10, s11, s12, s13);
            Store(2, scores + lane, stride, s20, s21, s22, s23);
            Store(3, scores + lane, stride, s30, s31, s32, s33);
            Store(4, scores + lane, stride, s40, s41, s42, s43);
            Store(5, scores + lane, stride, s50, s51, s52, s53);
        }
    }

    /// <summary>Values of headDim whose keys fill a line of the cache.</summary>
    private static int LinesApart => 64 / (Width * sizeof(TElement));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Load(TElement* source) =>
        typeof(TElement) == typeof(float) ? TPath.Load((float*)source) : TPath.LoadBf16((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(int row, float* scores, int stride, TVector s0, TVector s1, TVector s2, TVector s3)
    {
        if (TRows.Count > row)
        {
            scores += (long)row * stride;
            TPath.Store(scores, s0);
            TPath.Store(scores + Width, s1);
            TPath.Store(scores + 2 * Width, s2);
            TPath.Store(scores + 3 * Width, s3);
        }
    }
}
