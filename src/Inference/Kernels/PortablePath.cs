using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pharos.Inference.Kernels;

internal readonly unsafe struct PortablePath : IVectorPath<Vector128<float>>
{
    public static InstructionPath Path => InstructionPath.Portable;
    public static int Lanes => 4;
    public static int TileRows => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, Vector128<float> value) => Vector128.Store(value, target);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadLowBf16(uint* source) => Vector128.ShiftLeft(Vector128.Load(source), 16).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadHighBf16(uint* source) => (Vector128.Load(source) & Vector128.Create(0xFFFF0000u)).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadBytes(sbyte* source) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)source).AsSByte()).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> AddProducts(Vector128<float> pairs, Vector128<float> weights, Vector128<float> sums)
    {
        Vector128<int> a = pairs.AsInt32(), b = weights.AsInt32(); // two 16-bit numbers in each
        return (sums.AsInt32() + (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16)).AsSingle();
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> FromIntegers(Vector128<float> sums) => Vector128.ConvertToSingle(sums.AsInt32());
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadHalves(uint* source, out Vector128<float> low, out Vector128<float> high)
    {
        var words = Vector128.Load(source).AsInt32();
        (low, high) = (WidenHighHalf(words << 16), WidenHighHalf(words));
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> WidenHighHalf(Vector128<int> word) =>
        ((word >> 3) & Vector128.Create(HalfFloat.FieldsMask)).AsSingle() * HalfFloat.Rebias;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadBf16(ushort* source) =>
        Vector128.ShiftLeft(Vector128.WidenLower(Vector64.Load(source).ToVector128Unsafe()), 16).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) => Vector128.MultiplyAddEstimate(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) => Vector128.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Min(Vector128<float> a, Vector128<float> b) => Vector128.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Round(Vector128<float> value) => Vector128.Round(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> PowerOfTwo(Vector128<float> exponent) =>
        Vector128.ShiftLeft(Vector128.ConvertToInt32(exponent) + Vector128.Create(127), 23).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector128<float> value) => Vector128.Sum(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* address)
    {
        // No portable instruction: the hardware's own prefetchers have to do.
    }
}
