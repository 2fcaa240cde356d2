using System.Buffers;
using System.Globalization;
using System.Text;

namespace Pharos.Inference.Tokenization;

/// <summary>A token matched by its literal spelling before anything else.</summary>
/// <param name="Special">Control tokens: user text must not be able to spell them, and they are not part of an answer's text.</param>
public sealed record AddedToken(int Id, string Content, bool Special)
{
    /// <summary>White space before it belongs to it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>White space after it belongs to it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>It is matched only where no letter, digit or underscore touches it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>It is looked for in the normalized text, by its own normalized spelling.</summary>
    public bool Normalized { get; init; }
}

/// <summary>Finds added tokens in text: leftmost first, the longest where several start at one place.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<char> starts;
    private readonly Dictionary<char, int[]> lengths; // of the tokens that begin with a character, longest first
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> bySpelling;

    public AddedTokenMatcher(IEnumerable<(string Spelling, AddedToken Token)> tokens)
    {
        var spellings = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (var (spelling, token) in tokens)
            spellings.TryAdd(spelling, token);
        bySpelling = spellings.GetAlternateLookup<ReadOnlySpan<char>>();
        lengths = spellings.Keys.GroupBy(s => s[0]).ToDictionary(g => g.Key, g => g.Select(s => s.Length).Distinct().OrderDescending().ToArray());
        starts = SearchValues.Create([.. lengths.Keys]);
    }

    /// <summary>
    /// The next added token whose spelling begins at or after <paramref name="from"/>; null where none follows.
    /// </summary>
    /// <param name="taken">Where the stretch before it may begin at the earliest.</param>
    /// <param name="controls">Where special tokens may be spelled: ascending, apart.</param>
    /// <param name="found">Where its spelling ends, and the stretch it takes, which stripped white space makes longer.</param>
    public AddedToken? Next(string text, int from, int taken, ReadOnlySpan<Range> controls, out (int SpellingEnd, int Start, int End) found)
    {
        for (int at = from; at < text.Length; at++)
        {
            int skip = text.AsSpan(at).IndexOfAny(starts);
            if (skip < 0)
                break;
            at += skip;
            if (Longest(text, at, controls) is not { } token)
                continue;
            int end = at + token.Length;
            if (token.Token.SingleWord && (EndsWord(text.AsSpan(0, at)) || BeginsWord(text.AsSpan(end))))
            {
                at = end - 1;
                continue;
            }
            int left = at, right = end;
            while (token.Token.LeftStrip && left > taken && char.IsWhiteSpace(text[left - 1]))
                left--;
            while (token.Token.RightStrip && right < text.Length && char.IsWhiteSpace(text[right]))
                right++;
            found = (end, left, right);
            return token.Token;
        }
        found = (text.Length, text.Length, text.Length);
        return null;
    }

    private (AddedToken Token, int Length)? Longest(string text, int at, ReadOnlySpan<Range> controls)
    {
        foreach (int length in lengths[text[at]])
        {
            if (length <= text.Length - at && bySpelling.TryGetValue(text.AsSpan(at, length), out var token)
                && (!token.Special || IsControl(at, at + length, controls)))
                return (token, length);
        }
        return null;
    }

    private static bool IsControl(int start, int end, ReadOnlySpan<Range> controls)
    {
        int low = 0, high = controls.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (controls[middle].End.Value < end)
                low = middle + 1;
            else
                high = middle;
        }
        return low < controls.Length && controls[low].Start.Value <= start;
    }

    private static bool EndsWord(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool BeginsWord(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    /// <summary>\w of Unicode Technical Standard 18: letters, marks, digits, connectors and the two joiners.</summary>
    private static bool IsWord(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation || rune.Value is 0x200C or 0x200D;
}
