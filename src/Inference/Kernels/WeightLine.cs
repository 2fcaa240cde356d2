using System.Runtime.CompilerServices;

namespace Pharos.Inference.Kernels;

/// <summary>What a line of a panel means: all in which formats differ within a group.</summary>
internal static unsafe class WeightLine<TPath, TVector, TFormat>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TFormat : struct, IWeightFormat
{
    /// <summary>
    /// Bytes ahead that kernels of some rows ask for. With very few rows the processor's own prefetching keeps up better alone; with the most, arithmetic
    /// is what takes the time.
    /// </summary>
    private const int Ahead = 2048;

    /// <summary>Weights of the columns from <paramref name="lane"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector First(byte* line, int lane) => TFormat.Type switch
    {
        WeightType.F32 => TPath.Load((float*)line + lane),
        WeightType.Bf16 => TPath.LoadLowBf16((uint*)line + lane),
        _ => TPath.LoadBytes((sbyte*)line + 2 * lane),
    };

    /// <summary>Weights of the columns from 16 + <paramref name="lane"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Second(byte* line, int lane) => TFormat.Type switch
    {
        WeightType.F32 => TPath.Load((float*)line + lane + 16),
        WeightType.Bf16 => TPath.LoadHighBf16((uint*)line + lane),
        _ => TPath.LoadBytes((sbyte*)line + 2 * (lane + 16)),
    };

    /// <summary>Adds a line's products to the chains: in fp32, or exactly in integers until the group ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector MultiplyAdd(TVector x, TVector weights, TVector sums) =>
        TFormat.Type == WeightType.Int8 ? TPath.AddProducts(x, weights, sums) : TPath.MultiplyAdd(x, weights, sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* line)
    {
        TPath.Prefetch(line + Ahead);
        if (TFormat.LineBytes > 64)
            TPath.Prefetch(line + Ahead + 64);
    }
}
