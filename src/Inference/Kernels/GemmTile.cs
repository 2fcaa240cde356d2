using System.Runtime.CompilerServices;

namespace Pharos.Inference.Kernels;

/// <summary>
/// The register-blocked heart of matrix multiplication: c[rows, 2 vectors] (+)= a[depth][rows] x weights[depth][32]. Every element of c is
/// one chain of multiply-adds over depth, in order, whatever the number of rows: a row's result does not depend on the rows beside it.
/// </summary>
/// <remarks>
/// One body serves every instruction set, weight format and number of rows. The type parameters are structs with constant members, so the
/// compiler makes a method of its own for each combination in which the branches on <c>TRows.Count</c> are gone and what is left of
/// the accumulators stays in registers: what a text template would generate, readable and debuggable as what it is.
/// </remarks>
internal static unsafe class GemmTile<TPath, TVector, TFormat, TRows>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TFormat : struct, IWeightFormat
    where TRows : struct, IRowCount
{
    /// <param name="a">[depth][rows]</param>
    /// <param name="weights">Line 0 of a slice of a panel; slices begin with a group where the format has groups.</param>
    /// <param name="lane">First column of the vector pair: columns lane.. and 16 + lane.. of the panel.</param>
    /// <param name="c">First of the rows, <paramref name="stride"/> floats apart, at column <paramref name="lane"/> of the panel.</param>
    /// <param name="accumulate">Continue the chains that c holds instead of starting at zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* a, byte* weights, int lane, int depth, float* c, int stride, bool accumulate)
    {
        TVector low0 = Begin(0, c, stride, accumulate), high0 = Begin(0, c + 16, stride, accumulate);
        TVector low1 = Begin(1, c, stride, accumulate), high1 = Begin(1, c + 16, stride, accumulate);
        TVector low2 = Begin(2, c, stride, accumulate), high2 = Begin(2, c + 16, stride, accumulate);
        TVector low3 = Begin(3, c, stride, accumulate), high3 = Begin(3, c + 16, stride, accumulate);
        TVector low4 = Begin(4, c, stride, accumulate), high4 = Begin(4, c + 16, stride, accumulate);
        TVector low5 = Begin(5, c, stride, accumulate), high5 = Begin(5, c + 16, stride, accumulate);
        TVector low6 = Begin(6, c, stride, accumulate), high6 = Begin(6, c + 16, stride, accumulate);
        TVector low7 = Begin(7, c, stride, accumulate), high7 = Begin(7, c + 16, stride, accumulate);
        TVector low8 = Begin(8, c, stride, accumulate), high8 = Begin(8, c + 16, stride, accumulate);
        TVector low9 = Begin(9, c, stride, accumulate), high9 = Begin(9, c + 16, stride, accumulate);
        TVector low10 = Begin(10, c, stride, accumulate), high10 = Begin(10, c + 16, stride, accumulate);
        TVector low11 = Begin(11, c, stride, accumulate), high11 = Begin(11, c + 16, stride, accumulate);
        for (int k = 0; k < depth;)
        {
            TVector scaleLow = default, scaleHigh = default;
            int end = depth;
            if (TFormat.GroupDepth > 0)
            {
                TPath.LoadHalves((uint*)weights + lane, out scaleLow, out scaleHigh);
                weights += TFormat.GroupBytes;
                end = Math.Min(depth, k + TFormat.GroupDepth);
            }
            for (; k < end; k++)
            {
                if (TRows.Count < TPath.TileRows)
                    Prefetch(weights);
                TVector first = First(weights, lane, scaleLow), second = Second(weights, lane, scaleHigh);
                var x0 = TPath.Broadcast(a[0]);
                low0 = TPath.MultiplyAdd(x0, first, low0);
                high0 = TPath.MultiplyAdd(x0, second, high0);
                if (TRows.Count > 1)
                {
                    var x1 = TPath.Broadcast(a[1]);
                    low1 = TPath.MultiplyAdd(x1, first, low1);
                    high1 = TPath.MultiplyAdd(x1, second, high1);
                }
                if (TRows.Count > 2)
                {
                    var x2 = TPath.Broadcast(a[2]);
                    low2 = TPath.MultiplyAdd(x2, first, low2);
                    high2 = TPath.MultiplyAdd(x2, second, high2);
                }
                if (TRows.Count > 3)
                {
                    var x3 = TPath.Broadcast(a[3]);
                    low3 = TPath.MultiplyAdd(x3, first, low3);
                    high3 = TPath.MultiplyAdd(x3, second, high3);
                }
                if (TRows.Count > 4)
                {
                    var x4 = TPath.Broadcast(a[4]);
                    low4 = TPath.MultiplyAdd(x4, first, low4);
                    high4 = TPath.MultiplyAdd(x4, second, high4);
                }
                if (TRows.Count > 5)
                {
                    var x5 = TPath.Broadcast(a[5]);
                    low5 = TPath.MultiplyAdd(x5, first, low5);
                    high5 = TPath.MultiplyAdd(x5, second, high5);
                }
                if (TRows.Count > 6)
                {
                    var x6 = TPath.Broadcast(a[6]);
                    low6 = TPath.MultiplyAdd(x6, first, low6);
                    high6 = TPath.MultiplyAdd(x6, second, high6);
                }
                if (TRows.Count > 7)
                {
                    var x7 = TPath.Broadcast(a[7]);
                    low7 = TPath.MultiplyAdd(x7, first, low7);
                    high7 = TPath.MultiplyAdd(x7, second, high7);
                }
                if (TRows.Count > 8)
                {
                    var x8 = TPath.Broadcast(a[8]);
                    low8 = TPath.MultiplyAdd(x8, first, low8);
                    high8 = TPath.MultiplyAdd(x8, second, high8);
                }
                if (TRows.Count > 9)
                {
                    var x9 = TPath.Broadcast(a[9]);
                    low9 = TPath.MultiplyAdd(x9, first, low9);
                    high9 = TPath.MultiplyAdd(x9, second, high9);
                }
                if (TRows.Count > 10)
                {
                    var x10 = TPath.Broadcast(a[10]);
                    low10 = TPath.MultiplyAdd(x10, first, low10);
                    high10 = TPath.MultiplyAdd(x10, second, high10);
                }
                if (TRows.Count > 11)
                {
                    var x11 = TPath.Broadcast(a[11]);
                    low11 = TPath.MultiplyAdd(x11, first, low11);
                    high11 = TPath.MultiplyAdd(x11, second, high11);
                }
                a += TRows.Count;
                weights += TFormat.LineBytes;
            }
        }
        End(0, c, stride, low0, high0);
        End(1, c, stride, low1, high1);
        End(2, c, stride, low2, high2);
        End(3, c, stride, low3, high3);
        End(4, c, stride, low4, high4);
        End(5, c, stride, low5, high5);
        End(6, c, stride, low6, high6);
        End(7, c, stride, low7, high7);
        End(8, c, stride, low8, high8);
        End(9, c, stride, low9, high9);
        End(10, c, stride, low10, high10);
        End(11, c, stride, low11, high11);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Begin(int row, float* c, int stride, bool accumulate) =>
        TRows.Count > row && accumulate ? TPath.Load(c + (long)row * stride) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(int row, float* c, int stride, TVector low, TVector high)
    {
        if (TRows.Count > row)
        {
            TPath.Store(c + (long)row * stride, low);
            TPath.Store(c + (long)row * stride + 16, high);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector First(byte* line, int lane, TVector scale) => TFormat.Type switch
    {
        WeightType.F32 => TPath.Load((float*)line + lane),
        WeightType.Bf16 => TPath.LoadLowBf16((uint*)line + lane),
        _ => TPath.Multiply(TPath.LoadBytes((sbyte*)line + lane), scale),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Second(byte* line, int lane, TVector scale) => TFormat.Type switch
    {
        WeightType.F32 => TPath.Load((float*)line + lane + 16),
        WeightType.Bf16 => TPath.LoadHighBf16((uint*)line + lane),
        _ => TPath.Multiply(TPath.LoadBytes((sbyte*)line + lane + 16), scale),
    };

    /// <summary>Fewer rows than the largest tile wait for memory rather than for arithmetic.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* line)
    {
        const int ahead = 2048;
        TPath.Prefetch(line + ahead);
        if (TFormat.LineBytes > 64)
            TPath.Prefetch(line + ahead + 64);
    }
}
