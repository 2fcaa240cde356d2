namespace Pharos.Inference.Kernels;

/// <summary>Which instructions the kernels use.</summary>
public enum InstructionPath
{
    /// <summary>128-bit vectors of whatever the machine has.</summary>
    Portable,

    /// <summary>AVX2 and FMA.</summary>
    Avx2,

    /// <summary>AVX-512 F and BW.</summary>
    Avx512,
}

/// <summary>
/// The vector operations kernels are written in, once for all instruction sets. Implementations are structs, so that the compiler
/// makes one body of each kernel for each set and every call here becomes one instruction.
/// </summary>
internal unsafe interface IVectorPath<TVector> where TVector : struct
{
    static abstract InstructionPath Path { get; }

    /// <summary>Floats of a vector; divides 16.</summary>
    static abstract int Lanes { get; }

    /// <summary>Rows of the largest tile of <see cref="GemmTile{TPath,TVector,TFormat,TRows}"/> whose accumulators fit the registers.</summary>
    static abstract int TileRows { get; }

    static abstract TVector Load(float* source);
    static abstract void Store(float* target, TVector value);
    static abstract TVector Broadcast(float value);

    /// <summary>Widens the low halves of Lanes 32-bit words from bf16.</summary>
    static abstract TVector LoadLowBf16(uint* source);

    /// <summary>Widens the high halves of Lanes 32-bit words from bf16.</summary>
    static abstract TVector LoadHighBf16(uint* source);

    /// <summary>Widens Lanes consecutive bf16 values.</summary>
    static abstract TVector LoadBf16(ushort* source);

    /// <summary>Widens 2 x Lanes consecutive signed bytes to 16 bits: a pair in every lane, whatever the vector's type says.</summary>
    static abstract TVector LoadBytes(sbyte* source);

    /// <summary>Adds the products of a lane's two 16-bit numbers to its 32-bit sum.</summary>
    static abstract TVector AddProducts(TVector pairs, TVector weights, TVector sums);

    /// <summary>32-bit integers to the nearest floats.</summary>
    static abstract TVector FromIntegers(TVector sums);

    /// <summary>Widens the low and the high halves of Lanes 32-bit words from fp16; see <see cref="HalfFloat"/>.</summary>
    static abstract void LoadHalves(uint* source, out TVector low, out TVector high);

    /// <summary>a * b + c, rounded once where the machine can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);
    static abstract TVector Add(TVector a, TVector b);
    static abstract TVector Subtract(TVector a, TVector b);
    static abstract TVector Multiply(TVector a, TVector b);
    static abstract TVector Divide(TVector a, TVector b);
    static abstract TVector Max(TVector a, TVector b);
    static abstract TVector Min(TVector a, TVector b);
    static abstract TVector Round(TVector value);

    /// <summary>2 to the power of whole <paramref name="exponent"/>s between -126 and 127.</summary>
    static abstract TVector PowerOfTwo(TVector exponent);
    static abstract float Sum(TVector value);
    static abstract void Prefetch(void* address);
}
