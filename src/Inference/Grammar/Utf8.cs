using System.Text;

namespace Pharos.Inference.Grammar;

/// <summary>Ranges of characters as ranges of bytes.</summary>
internal static class Utf8
{
    private static readonly (int Low, int High)[] Lengths = [(0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)];

    /// <summary>One character from <paramref name="low"/> to <paramref name="high"/>, surrogates left out.</summary>
    public static void Range(GrammarBuilder grammar, int from, int low, int high, int to)
    {
        Span<byte> first = stackalloc byte[4], last = stackalloc byte[4];
        foreach (var length in Lengths)
        {
            int start = Math.Max(low, length.Low), end = Math.Min(high, length.High);
            if (start > end)
                continue;
            int count = new Rune(start).EncodeToUtf8(first);
            new Rune(end).EncodeToUtf8(last);
            Bytes(grammar, from, first[..count], last[..count], to);
        }
    }

    // Both are equally long: cut where the first byte is that of the lowest, of the highest, or between.
    private static void Bytes(GrammarBuilder grammar, int from, ReadOnlySpan<byte> low, ReadOnlySpan<byte> high, int to)
    {
        if (low.Length == 1)
        {
            grammar.Byte(from, low[0], high[0], to);
            return;
        }
        Span<byte> least = stackalloc byte[low.Length - 1], most = stackalloc byte[low.Length - 1];
        least.Fill(0x80);
        most.Fill(0xBF);
        int start = low[0], end = high[0];
        if (start == end)
        {
            Then(grammar, from, start, start, low[1..], high[1..], to);
            return;
        }
        if (!low[1..].SequenceEqual(least))
            Then(grammar, from, start, start++, low[1..], most, to);
        bool whole = high[1..].SequenceEqual(most);
        if (!whole)
            end--;
        if (start <= end)
            Then(grammar, from, start, end, least, most, to);
        if (!whole)
            Then(grammar, from, high[0], high[0], least, high[1..], to);
    }

    private static void Then(GrammarBuilder grammar, int from, int low, int high, ReadOnlySpan<byte> restLow, ReadOnlySpan<byte> restHigh, int to)
    {
        int next = grammar.Add();
        grammar.Byte(from, (byte)low, (byte)high, next);
        Bytes(grammar, next, restLow, restHigh, to);
    }
}
