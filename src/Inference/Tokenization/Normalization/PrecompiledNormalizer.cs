using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Pharos.Inference.Tokenization.Normalization;

/// <summary>
/// SentencePiece's compiled replacement rules (such as nmt_nfkc): a double-array trie over UTF-8 whose leaves are offsets into a
/// pool of zero-ended replacements. Looked up by grapheme, then by code point, as the published tokenizers do.
/// </summary>
internal sealed class PrecompiledNormalizer : Normalizer
{
    private const int LongestGrapheme = 5; // bytes; longer ones are looked up code point by code point

    private readonly uint[] trie;
    private readonly byte[] pool;

    /// <param name="map">The little-endian byte length of the trie, the trie, the replacements.</param>
    /// <exception cref="FormatException">The lengths do not fit.</exception>
    public PrecompiledNormalizer(ReadOnlySpan<byte> map)
    {
        int length = map.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(map);
        if (length < 4 || length % 4 != 0 || length > map.Length - 4)
            throw new FormatException($"a map of {map.Length} bytes cannot hold a trie of {length} bytes");
        trie = MemoryMarshal.Cast<byte, uint>(map.Slice(4, length)).ToArray();
        pool = map[(4 + length)..].ToArray();
    }

    public override string Apply(string text)
    {
        var result = new StringBuilder(text.Length);
        Span<byte> utf8 = stackalloc byte[LongestGrapheme + 1];
        for (int at = 0; at < text.Length;)
        {
            int width = StringInfo.GetNextTextElementLength(text, at);
            var element = text.AsSpan(at, width);
            if (!Encoding.UTF8.TryGetBytes(element, utf8[..LongestGrapheme], out int bytes) || !Replace(utf8[..bytes], result))
            {
                foreach (var rune in element.EnumerateRunes())
                {
                    if (!Replace(utf8[..rune.EncodeToUtf8(utf8)], result))
                        result.Append(rune.ToString());
                }
            }
            at += width;
        }
        return result.ToString();
    }

    /// <summary>Appends the replacement of the shortest key that begins <paramref name="key"/>; false where there is none.</summary>
    private bool Replace(ReadOnlySpan<byte> key, StringBuilder result)
    {
        uint at = Offset(trie[0]);
        foreach (byte next in key)
        {
            at ^= next;
            if (next == 0 || at >= trie.Length || (trie[at] & 0x800000FF) != next)
                return false;
            uint unit = trie[at];
            at ^= Offset(unit);
            if ((unit >> 8 & 1) == 0 || at >= trie.Length)
                continue;
            var rest = pool.AsSpan(Math.Min(pool.Length, (int)(trie[at] & 0x7FFFFFFF)));
            int end = rest.IndexOf((byte)0);
            result.Append(Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]));
            return true;
        }
        return false;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 1 << 9) >> 6);
}
