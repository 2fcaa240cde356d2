using System.Globalization;
using System.Text;

namespace Pharos.Inference.Tokenization.PreTokenization;

/// <summary>What the published patterns tell apart.</summary>
internal enum CharClass : byte
{
    /// <summary>\p{L}</summary>
    Letter,

    /// <summary>\p{N}</summary>
    Number,

    /// <summary>\r or \n</summary>
    NewLine,

    /// <summary>\s but no new line</summary>
    Space,

    /// <summary>[^\s\p{L}\p{N}]</summary>
    Other,
}

/// <summary>Classes of code points; those of the basic plane from a table.</summary>
internal static class CharClasses
{
    private static readonly CharClass[] Basic = [.. Enumerable.Range(0, 0x10000).Select(c => Classify((char)c))];

    public static CharClass At(ReadOnlySpan<char> text, int at, out int width)
    {
        width = Width(text, at);
        return width == 1 ? Basic[text[at]] : Classify(Rune.GetUnicodeCategory(new Rune(text[at], text[at + 1])));
    }

    public static int Width(ReadOnlySpan<char> text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;

    private static CharClass Classify(char value) =>
        value is '\r' or '\n' ? CharClass.NewLine
        : char.IsWhiteSpace(value) ? CharClass.Space
        : Classify(CharUnicodeInfo.GetUnicodeCategory(value));

    private static CharClass Classify(UnicodeCategory category) => category switch
    {
        <= UnicodeCategory.OtherLetter => CharClass.Letter,
        >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => CharClass.Number,
        _ => CharClass.Other,
    };
}
