using System.Runtime.CompilerServices;

namespace Pharos.Inference.Kernels;

/// <summary>
/// The register-blocked heart of matrix multiplication: c[rows, 2 vectors] (+)= a[depth][rows] x weights[depth][32], for 1, 2, 4, 6, 8
/// or 12 rows. Every element of c is one chain of multiply-adds over depth, in order, whatever the tile: a row's result does not
/// depend on the rows beside it. The tiles differ in nothing but their number of accumulators, which must be locals to stay in
/// registers.
/// </summary>
/// <typeparam name="TWeight">float, or ushort for bf16 with columns j and j + 16 in one 32-bit word.</typeparam>
internal static unsafe class GemmTiles<TPath, TVector, TWeight>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TWeight : unmanaged
{
    private const int Panel = PackedMatrix.PanelWidth;

    // Small tiles wait for memory, not for arithmetic: fetch about 2 KB ahead.
    private const int PrefetchBytes = 2048;

    /// <param name="rows">1, 2, 4, 6, 8 or 12.</param>
    /// <param name="a">[depth][rows]</param>
    /// <param name="weights">A panel, at the first column of the vector pair.</param>
    /// <param name="c">First of <paramref name="rows"/> rows, <paramref name="stride"/> floats apart; the pair is c[0..Lanes) and c[16..16+Lanes).</param>
    /// <param name="accumulate">Continue the chains that c holds instead of starting at zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(int rows, float* a, TWeight* weights, int depth, float* c, int stride, bool accumulate)
    {
        switch (rows)
        {
            case 1: Tile1(a, weights, depth, c, accumulate); break;
            case 2: Tile2(a, weights, depth, c, stride, accumulate); break;
            case 4: Tile4(a, weights, depth, c, stride, accumulate); break;
            case 6: Tile6(a, weights, depth, c, stride, accumulate); break;
            case 8: Tile8(a, weights, depth, c, stride, accumulate); break;
            default: Tile12(a, weights, depth, c, stride, accumulate); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector First(TWeight* weights) =>
        typeof(TWeight) == typeof(float) ? TPath.Load((float*)weights) : TPath.LoadLowBf16((uint*)weights);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Second(TWeight* weights) =>
        typeof(TWeight) == typeof(float) ? TPath.Load((float*)weights + 16) : TPath.LoadHighBf16((uint*)weights);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchAhead(TWeight* weights)
    {
        TPath.Prefetch((byte*)weights + PrefetchBytes);
        if (typeof(TWeight) == typeof(float))
            TPath.Prefetch((byte*)weights + PrefetchBytes + 64);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Begin(float* c, bool accumulate) => accumulate ? TPath.Load(c) : default;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(float* a, TWeight* weights, int depth, float* c, bool accumulate)
    {
        TVector low0 = Begin(c, accumulate), high0 = Begin(c + 16, accumulate);
        for (int k = 0; k < depth; k++)
        {
            PrefetchAhead(weights);
            TVector first = First(weights), second = Second(weights);
            var x = TPath.Broadcast(a[0]);
            low0 = TPath.MultiplyAdd(x, first, low0);
            high0 = TPath.MultiplyAdd(x, second, high0);
            a += 1;
            weights += Panel;
        }
        TPath.Store(c, low0);
        TPath.Store(c + 16, high0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2(float* a, TWeight* weights, int depth, float* c, int stride, bool accumulate)
    {
        TVector low0 = Begin(c, accumulate), high0 = Begin(c + 16, accumulate);
        TVector low1 = Begin(c + stride, accumulate), high1 = Begin(c + stride + 16, accumulate);
        for (int k = 0; k < depth; k++)
        {
            PrefetchAhead(weights);
            TVector first = First(weights), second = Second(weights);
            var x0 = TPath.Broadcast(a[0]);
            low0 = TPath.MultiplyAdd(x0, first, low0);
            high0 = TPath.MultiplyAdd(x0, second, high0);
            var x1 = TPath.Broadcast(a[1]);
            low1 = TPath.MultiplyAdd(x1, first, low1);
            high1 = TPath.MultiplyAdd(x1, second, high1);
            a += 2;
            weights += Panel;
        }
        TPath.Store(c, low0);
        TPath.Store(c + 16, high0);
        TPath.Store(c + stride, low1);
        TPath.Store(c + stride + 16, high1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(float* a, TWeight* weights, int depth, float* c, int stride, bool accumulate)
    {
        TVector low0 = Begin(c, accumulate), high0 = Begin(c + 16, accumulate);
        TVector low1 = Begin(c + stride, accumulate), high1 = Begin(c + stride + 16, accumulate);
        TVector low2 = Begin(c + 2 * stride, accumulate), high2 = Begin(c + 2 * stride + 16, accumulate);
        TVector low3 = Begin(c + 3 * stride, accumulate), high3 = Begin(c + 3 * stride + 16, accumulate);
        for (int k = 0; k < depth; k++)
        {
            PrefetchAhead(weights);
            TVector first = First(weights), second = Second(weights);
            var x0 = TPath.Broadcast(a[0]);
            low0 = TPath.MultiplyAdd(x0, first, low0);
            high0 = TPath.MultiplyAdd(x0, second, high0);
            var x1 = TPath.Broadcast(a[1]);
            low1 = TPath.MultiplyAdd(x1, first, low1);
            high1 = TPath.MultiplyAdd(x1, second, high1);
            var x2 = TPath.Broadcast(a[2]);
            low2 = TPath.MultiplyAdd(x2, first, low2);
            high2 = TPath.MultiplyAdd(x2, second, high2);
            var x3 = TPath.Broadcast(a[3]);
            low3 = TPath.MultiplyAdd(x3, first, low3);
            high3 = TPath.MultiplyAdd(x3, second, high3);
            a += 4;
            weights += Panel;
        }
        TPath.Store(c, low0);
        TPath.Store(c + 16, high0);
        TPath.Store(c + stride, low1);
        TPath.Store(c + stride + 16, high1);
        TPath.Store(c + 2 * stride, low2);
        TPath.Store(c + 2 * stride + 16, high2);
        TPath.Store(c + 3 * stride, low3);
        TPath.Store(c + 3 * stride + 16, high3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6(float* a, TWeight* weights, int depth, float* c, int stride, bool accumulate)
    {
        TVector low0 = Begin(c, accumulate), high0 = Begin(c + 16, accumulate);
        TVector low1 = Begin(c + stride, accumulate), high1 = Begin(c + stride + 16, accumulate);
        TVector low2 = Begin(c + 2 * stride, accumulate), high2 = Begin(c + 2 * stride + 16, accumulate);
        TVector low3 = Begin(c + 3 * stride, accumulate), high3 = Begin(c + 3 * stride + 16, accumulate);
        TVector low4 = Begin(c + 4 * stride, accumulate), high4 = Begin(c + 4 * stride + 16, accumulate);
        TVector low5 = Begin(c + 5 * stride, accumulate), high5 = Begin(c + 5 * stride + 16, accumulate);
        for (int k = 0; k < depth; k++)
        {
            PrefetchAhead(weights);
            TVector first = First(weights), second = Second(weights);
            var x0 = TPath.Broadcast(a[0]);
            low0 = TPath.MultiplyAdd(x0, first, low0);
            high0 = TPath.MultiplyAdd(x0, second, high0);
            var x1 = TPath.Broadcast(a[1]);
            low1 = TPath.MultiplyAdd(x1, first, low1);
            high1 = TPath.MultiplyAdd(x1, second, high1);
            var x2 = TPath.Broadcast(a[2]);
            low2 = TPath.MultiplyAdd(x2, first, low2);
            high2 = TPath.MultiplyAdd(x2, second, high2);
            var x3 = TPath.Broadcast(a[3]);
            low3 = TPath.MultiplyAdd(x3, first, low3);
            high3 = TPath.MultiplyAdd(x3, second, high3);
            var x4 = TPath.Broadcast(a[4]);
            low4 = TPath.MultiplyAdd(x4, first, low4);
            high4 = TPath.MultiplyAdd(x4, second, high4);
            var x5 = TPath.Broadcast(a[5]);
            low5 = TPath.MultiplyAdd(x5, first, low5);
            high5 = TPath.MultiplyAdd(x5, second, high5);
            a += 6;
            weights += Panel;
        }
        TPath.Store(c, low0);
        TPath.Store(c + 16, high0);
        TPath.Store(c + stride, low1);
        TPath.Store(c + stride + 16, high1);
        TPath.Store(c + 2 * stride, low2);
        TPath.Store(c + 2 * stride + 16, high2);
        TPath.Store(c + 3 * stride, low3);
        TPath.Store(c + 3 * stride + 16, high3);
        TPath.Store(c + 4 * stride, low4);
        TPath.Store(c + 4 * stride + 16, high4);
        TPath.Store(c + 5 * stride, low5);
        TPath.Store(c + 5 * stride + 16, high5);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8(float* a, TWeight* weights, int depth, float* c, int stride, bool accumulate)
    {
        TVector low0 = Begin(c, accumulate), high0 = Begin(c + 16, accumulate);
        TVector low1 = Begin(c + stride, accumulate), high1 = Begin(c + stride + 16, accumulate);
        TVector low2 = Begin(c + 2 * stride, accumulate), high2 = Begin(c + 2 * stride + 16, accumulate);
        TVector low3 = Begin(c + 3 * stride, accumulate), high3 = Begin(c + 3 * stride + 16, accumulate);
        TVector low4 = Begin(c + 4 * stride, accumulate), high4 = Begin(c + 4 * stride + 16, accumulate);
        TVector low5 = Begin(c + 5 * stride, accumulate), high5 = Begin(c + 5 * stride + 16, accumulate);
        TVector low6 = Begin(c + 6 * stride, accumulate), high6 = Begin(c + 6 * stride + 16, accumulate);
        TVector low7 = Begin(c + 7 * stride, accumulate), high7 = Begin(c + 7 * stride + 16, accumulate);
        for (int k = 0; k < depth; k++)
        {
            PrefetchAhead(weights);
            TVector first = First(weights), second = Second(weights);
            var x0 = TPath.Broadcast(a[0]);
            low0 = TPath.MultiplyAdd(x0, first, low0);
            high0 = TPath.MultiplyAdd(x0, second, high0);
            var x1 = TPath.Broadcast(a[1]);
            low1 = TPath.MultiplyAdd(x1, first, low1);
            high1 = TPath.MultiplyAdd(x1, second, high1);
            var x2 = TPath.Broadcast(a[2]);
            low2 = TPath.MultiplyAdd(x2, first, low2);
            high2 = TPath.MultiplyAdd(x2, second, high2);
            var x3 = TPath.Broadcast(a[3]);
            low3 = TPath.MultiplyAdd(x3, first, low3);
            high3 = TPath.MultiplyAdd(x3, second, high3);
            var x4 = TPath.Broadcast(a[4]);
            low4 = TPath.MultiplyAdd(x4, first, low4);
            high4 = TPath.MultiplyAdd(x4, second, high4);
            var x5 = TPath.Broadcast(a[5]);
            low5 = TPath.MultiplyAdd(x5, first, low5);
            high5 = TPath.MultiplyAdd(x5, second, high5);
            var x6 = TPath.Broadcast(a[6]);
            low6 = TPath.MultiplyAdd(x6, first, low6);
            high6 = TPath.MultiplyAdd(x6, second, high6);
            var x7 = TPath.Broadcast(a[7]);
            low7 = TPath.MultiplyAdd(x7, first, low7);
            high7 = TPath.MultiplyAdd(x7, second, high7);
            a += 8;
            weights += Panel;
        }
        TPath.Store(c, low0);
        TPath.Store(c + 16, high0);
        TPath.Store(c + stride, low1);
        TPath.Store(c + stride + 16, high1);
        TPath.Store(c + 2 * stride, low2);
        TPath.Store(c + 2 * stride + 16, high2);
        TPath.Store(c + 3 * stride, low3);
        TPath.Store(c + 3 * stride + 16, high3);
        TPath.Store(c + 4 * stride, low4);
        TPath.Store(c + 4 * stride + 16, high4);
        TPath.Store(c + 5 * stride, low5);
        TPath.Store(c + 5 * stride + 16, high5);
        TPath.Store(c + 6 * stride, low6);
        TPath.Store(c + 6 * stride + 16, high6);
        TPath.Store(c + 7 * stride, low7);
        TPath.Store(c + 7 * stride + 16, high7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12(float* a, TWeight* weights, int depth, float* c, int stride, bool accumulate)
    {
        TVector low0 = Begin(c, accumulate), high0 = Begin(c + 16, accumulate);
        TVector low1 = Begin(c + stride, accumulate), high1 = Begin(c + stride + 16, accumulate);
        TVector low2 = Begin(c + 2 * stride, accumulate), high2 = Begin(c + 2 * stride + 16, accumulate);
        TVector low3 = Begin(c + 3 * stride, accumulate), high3 = Begin(c + 3 * stride + 16, accumulate);
        TVector low4 = Begin(c + 4 * stride, accumulate), high4 = Begin(c + 4 * stride + 16, accumulate);
        TVector low5 = Begin(c + 5 * stride, accumulate), high5 = Begin(c + 5 * stride + 16, accumulate);
        TVector low6 = Begin(c + 6 * stride, accumulate), high6 = Begin(c + 6 * stride + 16, accumulate);
        TVector low7 = Begin(c + 7 * stride, accumulate), high7 = Begin(c + 7 * stride + 16, accumulate);
        TVector low8 = Begin(c + 8 * stride, accumulate), high8 = Begin(c + 8 * stride + 16, accumulate);
        TVector low9 = Begin(c + 9 * stride, accumulate), high9 = Begin(c + 9 * stride + 16, accumulate);
        TVector low10 = Begin(c + 10 * stride, accumulate), high10 = Begin(c + 10 * stride + 16, accumulate);
        TVector low11 = Begin(c + 11 * stride, accumulate), high11 = Begin(c + 11 * stride + 16, accumulate);
        for (int k = 0; k < depth; k++)
        {
            TVector first = First(weights), second = Second(weights);
            var x0 = TPath.Broadcast(a[0]);
            low0 = TPath.MultiplyAdd(x0, first, low0);
            high0 = TPath.MultiplyAdd(x0, second, high0);
            var x1 = TPath.Broadcast(a[1]);
            low1 = TPath.MultiplyAdd(x1, first, low1);
            high1 = TPath.MultiplyAdd(x1, second, high1);
            var x2 = TPath.Broadcast(a[2]);
            low2 = TPath.MultiplyAdd(x2, first, low2);
            high2 = TPath.MultiplyAdd(x2, second, high2);
            var x3 = TPath.Broadcast(a[3]);
            low3 = TPath.MultiplyAdd(x3, first, low3);
            high3 = TPath.MultiplyAdd(x3, second, high3);
            var x4 = TPath.Broadcast(a[4]);
            low4 = TPath.MultiplyAdd(x4, first, low4);
            high4 = TPath.MultiplyAdd(x4, second, high4);
            var x5 = TPath.Broadcast(a[5]);
            low5 = TPath.MultiplyAdd(x5, first, low5);
            high5 = TPath.MultiplyAdd(x5, second, high5);
            var x6 = TPath.Broadcast(a[6]);
            low6 = TPath.MultiplyAdd(x6, first, low6);
            high6 = TPath.MultiplyAdd(x6, second, high6);
            var x7 = TPath.Broadcast(a[7]);
            low7 = TPath.MultiplyAdd(x7, first, low7);
            high7 = TPath.MultiplyAdd(x7, second, high7);
            var x8 = TPath.Broadcast(a[8]);
            low8 = TPath.MultiplyAdd(x8, first, low8);
            high8 = TPath.MultiplyAdd(x8, second, high8);
            var x9 = TPath.Broadcast(a[9]);
            low9 = TPath.MultiplyAdd(x9, first, low9);
            high9 = TPath.MultiplyAdd(x9, second, high9);
            var x10 = TPath.Broadcast(a[10]);
            low10 = TPath.MultiplyAdd(x10, first, low10);
            high10 = TPath.MultiplyAdd(x10, second, high10);
            var x11 = TPath.Broadcast(a[11]);
            low11 = TPath.MultiplyAdd(x11, first, low11);
            high11 = TPath.MultiplyAdd(x11, second, high11);
            a += 12;
            weights += Panel;
        }
        TPath.Store(c, low0);
        TPath.Store(c + 16, high0);
        TPath.Store(c + stride, low1);
        TPath.Store(c + stride + 16, high1);
        TPath.Store(c + 2 * stride, low2);
        TPath.Store(c + 2 * stride + 16, high2);
        TPath.Store(c + 3 * stride, low3);
        TPath.Store(c + 3 * stride + 16, high3);
        TPath.Store(c + 4 * stride, low4);
        TPath.Store(c + 4 * stride + 16, high4);
        TPath.Store(c + 5 * stride, low5);
        TPath.Store(c + 5 * stride + 16, high5);
        TPath.Store(c + 6 * stride, low6);
        TPath.Store(c + 6 * stride + 16, high6);
        TPath.Store(c + 7 * stride, low7);
        TPath.Store(c + 7 * stride + 16, high7);
        TPath.Store(c + 8 * stride, low8);
        TPath.Store(c + 8 * stride + 16, high8);
        TPath.Store(c + 9 * stride, low9);
        TPath.Store(c + 9 * stride + 16, high9);
        TPath.Store(c + 10 * stride, low10);
        TPath.Store(c + 10 * stride + 16, high10);
        TPath.Store(c + 11 * stride, low11);
        TPath.Store(c + 11 * stride + 16, high11);
    }
}
