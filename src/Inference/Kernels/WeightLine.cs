using System.Runtime.CompilerServices;

namespace Pharos.Inference.Kernels;

/// <summary>Reading a line of a panel: what differs between formats, apart from scales.</summary>
internal static unsafe class WeightLine<TPath, TVector, TFormat>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TFormat : struct, IWeightFormat
{
    /// <summary>Bytes ahead that a kernel asks for where it waits for memory rather than for arithmetic.</summary>
    private const int Ahead = 2048;

    /// <summary>Columns from <paramref name="lane"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector First(byte* line, int lane) => TFormat.Type switch
    {
        WeightType.F32 => TPath.Load((float*)line + lane),
        WeightType.Bf16 => TPath.LoadLowBf16((uint*)line + lane),
        _ => TPath.LoadBytes((sbyte*)line + lane),
    };

    /// <summary>Columns from 16 + <paramref name="lane"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Second(byte* line, int lane) => TFormat.Type switch
    {
        WeightType.F32 => TPath.Load((float*)line + lane + 16),
        WeightType.Bf16 => TPath.LoadHighBf16((uint*)line + lane),
        _ => TPath.LoadBytes((sbyte*)line + lane + 16),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* line)
    {
        TPath.Prefetch(line + Ahead);
        if (TFormat.LineBytes > 64)
            TPath.Prefetch(line + Ahead + 64);
    }
}
