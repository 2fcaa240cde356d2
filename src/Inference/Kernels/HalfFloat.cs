namespace Pharos.Inference.Kernels;

/// <summary>
/// Widening fp16 without an instruction for it: its fields, moved to where fp32 has them, are the same number but for the difference of the
/// exponents' biases, subnormals included. Infinities and NaN do not come out right; scales are neither.
/// </summary>
internal static class HalfFloat
{
    /// <summary>Of an fp16 in the high half of a word, arithmetically shifted right by 3: sign, exponent and mantissa.</summary>
    public const int FieldsMask = unchecked((int)0x8FFFE000);

    /// <summary>2^(127 - 15)</summary>
    public const float Rebias = 5.192296858534828e33f;
}
