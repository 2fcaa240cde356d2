using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Pharos.Inference.Tokenization;

/// <summary>Cuts text into the pieces within which merges may happen.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Length in UTF-16 units of the first piece of text[start..end), which is not empty.</summary>
    public abstract int NextPiece(string text, int start, int end);
}

/// <summary>No cuts: the whole run between added tokens is one piece.</summary>
internal sealed class WholePreTokenizer : PreTokenizer
{
    public override int NextPiece(string text, int start, int end) => end - start;
}

/// <summary>
/// GPT-2's pattern <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>, scanned by hand over whole
/// code points: a .NET regex sees the halves of a supplementary letter as symbols.
/// </summary>
internal sealed class Gpt2PreTokenizer : PreTokenizer
{
    private enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    public override int NextPiece(string text, int start, int end)
    {
        if (text[start] == '\'' && Contraction(text, start, end) is > 0 and var contraction)
            return contraction;
        int at = start + (text[start] == ' ' ? 1 : 0);
        if (at < end && KindAt(text, at, end, out int width) is not Kind.Space and var kind)
        {
            do
                at += width;
            while (at < end && KindAt(text, at, end, out width) == kind);
            return at - start;
        }
        return WhiteSpace(text, start, end);
    }

    private static int Contraction(string text, int start, int end)
    {
        char first = start + 1 < end ? text[start + 1] : '\0';
        char second = start + 2 < end ? text[start + 2] : '\0';
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    /// <summary>A run of white space leaves its last character to the word that follows.</summary>
    private static int WhiteSpace(string text, int start, int end)
    {
        int at = start;
        while (at < end && char.IsWhiteSpace(text[at]))
            at++;
        return at < end && at - start > 1 ? at - start - 1 : at - start;
    }

    private static Kind KindAt(string text, int at, int end, out int width)
    {
        width = char.IsHighSurrogate(text[at]) && at + 1 < end && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
        if (width == 1 && char.IsWhiteSpace(text[at]))
            return Kind.Space;
        var category = width == 2
            ? Rune.GetUnicodeCategory(new Rune(text[at], text[at + 1]))
            : CharUnicodeInfo.GetUnicodeCategory(text[at]);
        return category switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}

/// <summary>A pattern from the file; every match and every stretch between matches is a piece.</summary>
internal sealed class RegexPreTokenizer(string pattern) : PreTokenizer
{
    private readonly Regex regex = new(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10));

    public override int NextPiece(string text, int start, int end)
    {
        // Matching within [start, end) must not see what lies beyond, but look-behind is not used by such patterns.
        var match = regex.Match(text, start, end - start);
        while (match.Success && match.Length == 0)
            match = match.NextMatch();
        int length = !match.Success ? end - start : match.Index == start ? match.Length : match.Index - start;
        // The regex sees the halves of a supplementary character as symbols of their own; a cut between them would lose it.
        bool splitsPair = start + length < end && char.IsHighSurrogate(text[start + length - 1]) && char.IsLowSurrogate(text[start + length]);
        return splitsPair ? length + 1 : length;
    }
}
