namespace Pharos.Inference.Loading.Gguf;

/// <summary>
/// Widens the block formats of GGUF files to fp32. A plain block is 32 elements with a scale (and, in the _1 formats, an offset), a K block
/// 256 elements in groups with 6-bit scales. Scales are fp16; nibbles of the first half of a block are low, of the second high.
/// </summary>
internal static unsafe class BlockQuants
{
    /// <param name="source">Whole blocks.</param>
    /// <param name="target">As many elements as they hold.</param>
    public static void Widen(TensorType type, byte* source, Span<float> target)
    {
        int elements = TensorTypes.BlockOf(type), bytes = TensorTypes.BytesOfBlock(type);
        for (int first = 0; first < target.Length; first += elements, source += bytes)
        {
            var block = target.Slice(first, elements);
            switch (type)
            {
                case TensorType.Q4_0: Nibbles(source, null, source + 2, -8 * Scale(source), block); break;
                case TensorType.Q4_1: Nibbles(source, null, source + 4, Scale(source + 2), block); break;
                case TensorType.Q5_0: Nibbles(source, source + 2, source + 6, -16 * Scale(source), block); break;
                case TensorType.Q5_1: Nibbles(source, source + 4, source + 8, Scale(source + 2), block); break;
                case TensorType.Q8_0: Bytes(source, block); break;
                case TensorType.Q4_K: FourBitGroups(source, null, source + 16, block); break;
                case TensorType.Q5_K: FourBitGroups(source, source + 16, source + 48, block); break;
                case TensorType.Q6_K: SixBitGroups(source, block); break;
                default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not stored in blocks.");
            }
        }
    }

    private static float Scale(byte* at) => (float)*(Half*)at;

    /// <summary>x = scale * q + offset, q of 4 bits, or of 5 with the fifth of all 32 in <paramref name="high"/>.</summary>
    private static void Nibbles(byte* scale, byte* high, byte* low, float offset, Span<float> target)
    {
        float d = Scale(scale);
        uint fifth = high == null ? 0 : *(uint*)high;
        for (int i = 0; i < 16; i++)
        {
            target[i] = d * ((low[i] & 15) | (int)(fifth >> i & 1) << 4) + offset;
            target[i + 16] = d * (low[i] >> 4 | (int)(fifth >> (i + 16) & 1) << 4) + offset;
        }
    }

    private static void Bytes(byte* source, Span<float> target)
    {
        float d = Scale(source);
        for (int i = 0; i < 32; i++)
            target[i] = d * (sbyte)source[2 + i];
    }

    /// <summary>Eight groups of 32, two to a run of nibbles: x = d * scale * q - dmin * minimum; bit g of <paramref name="high"/> is group g's fifth.</summary>
    private static void FourBitGroups(byte* source, byte* high, byte* low, Span<float> target)
    {
        float d = Scale(source), minimum = Scale(source + 2);
        for (int group = 0; group < 8; group++)
        {
            var (scale, least) = SixBitPair(source + 4, group);
            float step = d * scale, offset = minimum * least;
            byte* nibbles = low + group / 2 * 32;
            for (int i = 0; i < 32; i++)
            {
                int q = group % 2 == 0 ? nibbles[i] & 15 : nibbles[i] >> 4;
                if (high != null)
                    q |= (high[i] >> group & 1) << 4;
                target[group * 32 + i] = step * q - offset;
            }
        }
    }

    /// <summary>The scale and the minimum of a group, from eight pairs of 6-bit numbers in 12 bytes.</summary>
    private static (int Scale, int Minimum) SixBitPair(byte* packed, int group) => group < 4
        ? (packed[group] & 63, packed[group + 4] & 63)
        : (packed[group + 4] & 15 | packed[group - 4] >> 6 << 4, packed[group + 4] >> 4 | packed[group] >> 6 << 4);

    /// <summary>Sixteen groups of 16 with signed 8-bit scales; of each element the low four bits in 128 bytes, the high two in 64.</summary>
    private static void SixBitGroups(byte* source, Span<float> target)
    {
        float d = Scale(source + 208);
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128, quarter = i % 128 / 32, lane = i % 32;
            byte low = source[half * 64 + quarter % 2 * 32 + lane];
            int q = (quarter < 2 ? low & 15 : low >> 4) | (source[128 + half * 32 + lane] >> (2 * quarter) & 3) << 4;
            target[i] = d * (sbyte)source[192 + i / 16] * (q - 32);
        }
    }
}
