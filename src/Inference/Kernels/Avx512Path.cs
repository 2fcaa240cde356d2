using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pharos.Inference.Kernels;

internal readonly unsafe struct Avx512Path : IVectorPath<Vector512<float>>
{
    public static InstructionPath Path => InstructionPath.Avx512;
    public static int Lanes => 16;
    public static int TileRows => 12;

    // Vector512.IsHardwareAccelerated is false on processors that lower their clock for wide vectors; Avx512F.IsSupported is what counts.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Avx512F.LoadVector512(source);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, Vector512<float> value) => Avx512F.Store(target, value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadLowBf16(uint* source) => Avx512F.ShiftLeftLogical(Avx512F.LoadVector512(source), 16).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadHighBf16(uint* source) => Avx512F.And(Avx512F.LoadVector512(source), Vector512.Create(0xFFFF0000u)).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadBytes(sbyte* source) => Avx512BW.ConvertToVector512Int16(Avx.LoadVector256(source)).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> AddProducts(Vector512<float> pairs, Vector512<float> weights, Vector512<float> sums) =>
        Avx512F.Add(sums.AsInt32(), Avx512BW.MultiplyAddAdjacent(pairs.AsInt16(), weights.AsInt16())).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> FromIntegers(Vector512<float> sums) => Avx512F.ConvertToVector512Single(sums.AsInt32());
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadHalves(uint* source, out Vector512<float> low, out Vector512<float> high)
    {
        var words = Avx512F.LoadVector512(source).AsInt32();
        (low, high) = (WidenHighHalf(Avx512F.ShiftLeftLogical(words, 16)), WidenHighHalf(words));
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> WidenHighHalf(Vector512<int> word) => Avx512F.Multiply(
        Avx512F.And(Avx512F.ShiftRightArithmetic(word, 3), Vector512.Create(HalfFloat.FieldsMask)).AsSingle(), Vector512.Create(HalfFloat.Rebias));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadBf16(ushort* source) => Avx512F.ShiftLeftLogical(Avx512F.ConvertToVector512UInt32(Avx.LoadVector256(source)), 16).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Avx512F.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => Avx512F.Add(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => Avx512F.Subtract(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => Avx512F.Multiply(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => Avx512F.Divide(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) => Avx512F.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Min(Vector512<float> a, Vector512<float> b) => Avx512F.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> value) => Avx512F.RoundScale(value, 0);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> PowerOfTwo(Vector512<float> exponent) => Avx512F.Scale(Vector512.Create(1f), exponent);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> value) => Vector512.Sum(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* address) => Sse.Prefetch0(address);
}
