using System.Runtime.Intrinsics;

namespace Pharos.Inference.Kernels;

/// <summary>bfloat16: the upper half of an fp32.</summary>
internal static unsafe class Bf16
{
    /// <summary>To the nearest, ties to even; NaN stays NaN.</summary>
    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Eight at once, each in the low half of a word.</summary>
    public static Vector256<uint> Round(Vector256<float> values)
    {
        var bits = values.AsUInt32();
        var high = bits >> 16;
        var rounded = (bits + Vector256.Create(0x7FFFu) + (high & Vector256<uint>.One)) >> 16;
        return Vector256.ConditionalSelect(Vector256.Equals(values, values).AsUInt32(), rounded, high | Vector256.Create(0x40u));
    }

    public static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    /// <param name="target">As long as <paramref name="source"/>, which need not be aligned.</param>
    public static void Widen(ushort* source, Span<float> target)
    {
        int i = 0;
        fixed (float* start = target)
        {
            for (; i + 8 <= target.Length; i += 8)
            {
                var (low, high) = Vector128.Widen(Vector128.Load(source + i));
                Vector256.Store(Vector256.Create(low << 16, high << 16).AsSingle(), start + i);
            }
        }
        for (; i < target.Length; i++)
            target[i] = Widen(source[i]);
    }

    public static void Round(ReadOnlySpan<float> source, ushort* target)
    {
        int i = 0;
        for (; i + 8 <= source.Length; i += 8)
        {
            var words = Round(Vector256.Create(source[i..(i + 8)]));
            Vector128.Narrow(words.GetLower(), words.GetUpper()).Store(target + i);
        }
        for (; i < source.Length; i++)
            target[i] = Round(source[i]);
    }
}
