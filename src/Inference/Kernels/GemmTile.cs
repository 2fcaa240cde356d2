using System.Runtime.CompilerServices;

namespace Pharos.Inference.Kernels;

/// <summary>
/// The register-blocked heart of matrix multiplication: c[rows, 2 vectors] (+)= a[depth][rows] x weights[depth][32]. Every element of c is
/// one chain of multiply-adds over depth, in order, whatever the number of rows: a row's result does not depend on the rows beside it.
/// In formats with groups it is a chain of groups, each an exact sum of integers that is scaled when it is complete.
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
    where TRows : struct, ICount
{
    /// <param name="a">Tiles of <see cref="LeftPacking"/>, from the slice's first depth on.</param>
    /// <param name="weights">Line 0 of a slice of a panel; slices begin with a group where the format has groups.</param>
    /// <param name="lane">First column of the vector pair: columns lane.. and 16 + lane.. of the panel.</param>
    /// <param name="c">First of the rows, <paramref name="stride"/> floats apart, at column <paramref name="lane"/> of the panel.</param>
    /// <param name="accumulate">Continue the chains that c holds instead of starting at zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* a, byte* weights, int lane, int depth, float* c, int stride, bool accumulate)
    {
        int groups = 1, lines = depth;
        if (TFormat.GroupDepth > 0)
            (groups, lines) = ((depth + TFormat.GroupDepth - 1) / TFormat.GroupDepth, TFormat.GroupLines);
        for (; groups > 0; groups--, accumulate = true)
        {
            TVector scaleLow = default, scaleHigh = default;
            if (TFormat.GroupDepth > 0)
            {
                TPath.LoadHalves((uint*)weights + lane, out scaleLow, out scaleHigh);
                weights += TFormat.GroupBytes;
            }
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
            for (int line = 0; line < lines; line++)
            {
                if (TRows.Count > 3 && TRows.Count < TPath.TileRows)
                    WeightLine<TPath, TVector, TFormat>.Prefetch(weights);
                TVector first = WeightLine<TPath, TVector, TFormat>.First(weights, lane), second = WeightLine<TPath, TVector, TFormat>.Second(weights, lane);
                var x0 = TPath.Broadcast(a[0]);
                low0 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x0, first, low0);
                high0 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x0, second, high0);
                if (TRows.Count > 1)
                {
                    var x1 = TPath.Broadcast(a[1]);
                    low1 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x1, first, low1);
                    high1 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x1, second, high1);
                }
                if (TRows.Count > 2)
                {
                    var x2 = TPath.Broadcast(a[2]);
                    low2 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x2, first, low2);
                    high2 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x2, second, high2);
                }
                if (TRows.Count > 3)
                {
                    var x3 = TPath.Broadcast(a[3]);
                    low3 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x3, first, low3);
                    high3 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x3, second, high3);
                }
                if (TRows.Count > 4)
                {
                    var x4 = TPath.Broadcast(a[4]);
                    low4 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x4, first, low4);
                    high4 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x4, second, high4);
                }
                if (TRows.Count > 5)
                {
                    var x5 = TPath.Broadcast(a[5]);
                    low5 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x5, first, low5);
                    high5 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x5, second, high5);
                }
                if (TRows.Count > 6)
                {
                    var x6 = TPath.Broadcast(a[6]);
                    low6 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x6, first, low6);
                    high6 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x6, second, high6);
                }
                if (TRows.Count > 7)
                {
                    var x7 = TPath.Broadcast(a[7]);
                    low7 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x7, first, low7);
                    high7 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x7, second, high7);
                }
                if (TRows.Count > 8)
                {
                    var x8 = TPath.Broadcast(a[8]);
                    low8 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x8, first, low8);
                    high8 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x8, second, high8);
                }
                if (TRows.Count > 9)
                {
                    var x9 = TPath.Broadcast(a[9]);
                    low9 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x9, first, low9);
                    high9 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x9, second, high9);
                }
                if (TRows.Count > 10)
                {
                    var x10 = TPath.Broadcast(a[10]);
                    low10 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x10, first, low10);
                    high10 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x10, second, high10);
                }
                if (TRows.Count > 11)
                {
                    var x11 = TPath.Broadcast(a[11]);
                    low11 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x11, first, low11);
                    high11 = WeightLine<TPath, TVector, TFormat>.MultiplyAdd(x11, second, high11);
                }
                a += TRows.Count;
                weights += TFormat.LineBytes;
            }
            End(0, c, stride, low0, a, scaleLow, accumulate);
            End(0, c + 16, stride, high0, a, scaleHigh, accumulate);
            End(1, c, stride, low1, a, scaleLow, accumulate);
            End(1, c + 16, stride, high1, a, scaleHigh, accumulate);
            End(2, c, stride, low2, a, scaleLow, accumulate);
            End(2, c + 16, stride, high2, a, scaleHigh, accumulate);
            End(3, c, stride, low3, a, scaleLow, accumulate);
            End(3, c + 16, stride, high3, a, scaleHigh, accumulate);
            End(4, c, stride, low4, a, scaleLow, accumulate);
            End(4, c + 16, stride, high4, a, scaleHigh, accumulate);
            End(5, c, stride, low5, a, scaleLow, accumulate);
            End(5, c + 16, stride, high5, a, scaleHigh, accumulate);
            End(6, c, stride, low6, a, scaleLow, accumulate);
            End(6, c + 16, stride, high6, a, scaleHigh, accumulate);
            End(7, c, stride, low7, a, scaleLow, accumulate);
            End(7, c + 16, stride, high7, a, scaleHigh, accumulate);
            End(8, c, stride, low8, a, scaleLow, accumulate);
            End(8, c + 16, stride, high8, a, scaleHigh, accumulate);
            End(9, c, stride, low9, a, scaleLow, accumulate);
            End(9, c + 16, stride, high9, a, scaleHigh, accumulate);
            End(10, c, stride, low10, a, scaleLow, accumulate);
            End(10, c + 16, stride, high10, a, scaleHigh, accumulate);
            End(11, c, stride, low11, a, scaleLow, accumulate);
            End(11, c + 16, stride, high11, a, scaleHigh, accumulate);
            if (TFormat.GroupDepth > 0)
                a += TRows.Count;
        }
    }

    /// <summary>Where a chain goes on: at what c holds, or at zero where a group's sum is scaled before it is added to that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Begin(int row, float* c, int stride, bool accumulate) =>
        TRows.Count > row && TFormat.GroupDepth == 0 && accumulate ? TPath.Load(c + (long)row * stride) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(int row, float* c, int stride, TVector sum, float* rowScales, TVector scale, bool accumulate)
    {
        if (TRows.Count <= row)
            return;
        c += (long)row * stride;
        if (TFormat.GroupDepth == 0)
        {
            TPath.Store(c, sum);
            return;
        }
        var scaledByRow = TPath.Multiply(TPath.FromIntegers(sum), TPath.Broadcast(rowScales[row]));
        TPath.Store(c, TPath.MultiplyAdd(scaledByRow, scale, accumulate ? TPath.Load(c) : default));
    }
}
