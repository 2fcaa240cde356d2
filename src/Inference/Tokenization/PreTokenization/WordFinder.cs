namespace Pharos.Inference.Tokenization.PreTokenization;

/// <summary>
/// The published patterns that cut all text into words, numbers, symbols and white space, scanned by hand: in one pass over whole
/// code points, without backtracking. Tests hold them against the regular expressions.
/// </summary>
internal abstract class WordFinder : PieceFinder
{
    private const char LongS = '\u017F'; // the only other character that folds to a letter of a contraction

    /// <summary>Which letters are the same.</summary>
    protected enum Folding
    {
        None,
        Ascii,
        Unicode,
    }

    public sealed override void Find(ReadOnlySpan<char> text, List<Range> matches)
    {
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = Next(text[at..]);
            matches.Add(at..(at + length));
        }
    }

    /// <summary>Length in UTF-16 units of the match at the beginning of <paramref name="text"/>, which is not empty.</summary>
    protected abstract int Next(ReadOnlySpan<char> text);

    /// <summary>Where the run of <paramref name="kind"/> that holds <paramref name="at"/> ends; <paramref name="at"/> itself where it is of another kind.</summary>
    protected static int RunEnd(ReadOnlySpan<char> text, int at, CharClass kind)
    {
        while (at < text.Length && CharClasses.At(text, at, out int width) == kind)
            at += width;
        return at;
    }

    protected static int SpaceEnd(ReadOnlySpan<char> text)
    {
        int at = 0;
        while (at < text.Length && CharClasses.At(text, at, out _) is CharClass.Space or CharClass.NewLine)
            at++;
        return at;
    }

    /// <summary><c>\s+(?!\S)|\s+</c>: a run of white space leaves its last character to the word that follows.</summary>
    protected static int SpaceLength(ReadOnlySpan<char> text, int end) => end < text.Length && end > 1 ? end - 1 : end;

    /// <summary>Length of 's, 't, 'm, 'd, 're, 've or 'll at the beginning of <paramref name="text"/>, else 0.</summary>
    protected static int Contraction(ReadOnlySpan<char> text, Folding folding)
    {
        if (text.Length < 2 || text[0] != '\'')
            return 0;
        char first = Fold(text[1], folding);
        char second = text.Length > 2 ? Fold(text[2], folding) : '\0';
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static char Fold(char value, Folding folding) =>
        char.IsAsciiLetterUpper(value) && folding != Folding.None ? (char)(value | 0x20) : value == LongS && folding == Folding.Unicode ? 's' : value;
}

/// <summary>GPT-2: <see cref="Pattern"/>.</summary>
internal sealed class Gpt2Finder : WordFinder
{
    public const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    protected override int Next(ReadOnlySpan<char> text)
    {
        if (Contraction(text, Folding.None) is > 0 and var contraction)
            return contraction;
        int at = text[0] == ' ' ? 1 : 0;
        if (at < text.Length && CharClasses.At(text, at, out _) is not (CharClass.Space or CharClass.NewLine) and var kind)
            return RunEnd(text, at, kind);
        return SpaceLength(text, SpaceEnd(text));
    }
}

/// <summary>cl100k and its descendants, of which Llama 3 and Qwen 2 differ in the digits that stay together: <see cref="Pattern"/>.</summary>
/// <param name="digits">How many digits stay together at most.</param>
/// <param name="spelled">Whether both cases of the contractions are spelled out, as some files have it: the long s is no s then.</param>
internal sealed class Cl100kFinder(int digits, bool spelled = false) : WordFinder
{
    public static string Pattern(int digits) =>
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + (digits > 1 ? $"{{1,{digits}}}" : "")
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static string SpelledPattern(int digits) =>
        "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])" + Pattern(digits)["(?i:'s|'t|'re|'ve|'m|'ll|'d)".Length..];

    protected override int Next(ReadOnlySpan<char> text)
    {
        if (Contraction(text, spelled ? Folding.Ascii : Folding.Unicode) is > 0 and var contraction)
            return contraction;
        var kind = CharClasses.At(text, 0, out int width);
        switch (kind)
        {
            case CharClass.Letter:
                return RunEnd(text, width, CharClass.Letter);
            case CharClass.Number:
                for (int count = 1; count < digits && width < text.Length && CharClasses.At(text, width, out int next) == CharClass.Number; count++)
                    width += next;
                return width;
            case CharClass.Space or CharClass.Other when RunEnd(text, width, CharClass.Letter) is var word && word > width:
                return word;
        }
        int symbols = RunEnd(text, kind == CharClass.Other ? width : text[0] == ' ' ? 1 : text.Length, CharClass.Other);
        if (kind == CharClass.Other || (symbols > 1 && text[0] == ' '))
            return RunEnd(text, symbols, CharClass.NewLine);
        int end = SpaceEnd(text);
        int newLine = text[..end].LastIndexOfAny('\r', '\n');
        return newLine >= 0 ? newLine + 1 : SpaceLength(text, end);
    }
}
