namespace Pharos.Inference.Kernels;

/// <summary>How weights are kept in memory.</summary>
public enum WeightType
{
    /// <summary>4 bytes a weight.</summary>
    F32,

    /// <summary>2 bytes a weight: half the memory traffic, which is what decoding waits for.</summary>
    Bf16,

    /// <summary>
    /// A signed byte a weight and an fp16 scale for every 32 along depth: the numbers of GGUF's Q8_0. Activations are rounded to 16 bits of their group's
    /// largest, which is far finer than the weights are, and groups are summed in integers.
    /// </summary>
    Int8,
}

/// <summary>
/// Bytes of a panel of 32 columns, known to the compiler. A line holds one depth of all columns, or two; where a format has groups, the lines of
/// every <see cref="GroupDepth"/> follow their scales, and the last group is filled up with zeros. Two values of 16 bits that share a 32-bit word are
/// those of columns j (low half) and j + 16.
/// </summary>
internal interface IWeightFormat
{
    static abstract WeightType Type { get; }

    /// <summary>Bytes of one line of 32 columns.</summary>
    static abstract int LineBytes { get; }

    /// <summary>Depth that shares scales; 0: none.</summary>
    static abstract int GroupDepth { get; }

    /// <summary>Lines of a group.</summary>
    static abstract int GroupLines { get; }

    /// <summary>Bytes of a group's scales, in front of its lines.</summary>
    static abstract int GroupBytes { get; }
}

/// <summary>[depth][32] float</summary>
internal readonly struct F32Format : IWeightFormat
{
    public static WeightType Type => WeightType.F32;
    public static int LineBytes => 128;
    public static int GroupDepth => 0;
    public static int GroupLines => 0;
    public static int GroupBytes => 0;
}

/// <summary>[depth][16 words of two bf16]</summary>
internal readonly struct Bf16Format : IWeightFormat
{
    public static WeightType Type => WeightType.Bf16;
    public static int LineBytes => 64;
    public static int GroupDepth => 0;
    public static int GroupLines => 0;
    public static int GroupBytes => 0;
}

/// <summary>[depth / 32]{[16 words of two fp16 scales], [16 pairs of depths][32 columns][2] sbyte}</summary>
internal readonly struct Int8Format : IWeightFormat
{
    public static WeightType Type => WeightType.Int8;
    public static int LineBytes => 64;
    public static int GroupDepth => 32;
    public static int GroupLines => 16;
    public static int GroupBytes => 64;
}
