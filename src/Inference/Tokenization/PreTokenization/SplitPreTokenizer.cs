
namespace Pharos.Inference.Tokenization.PreTokenization;

/// <summary>What becomes of the matches of a pattern; the names are those of <c>tokenizer.json</c>.</summary>
internal enum SplitBehavior
{
    Isolated,
    Removed,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>Finds what a splitting step looks for.</summary>
internal abstract class PieceFinder
{
    /// <summary>Appends the matches in <paramref name="text"/>: ascending, apart, not empty, on the borders of code points.</summary>
    public abstract void Find(ReadOnlySpan<char> text, List<Range> matches);
}

/// <summary>Every occurrence of a literal.</summary>
internal sealed class LiteralFinder(string literal) : PieceFinder
{
    public override void Find(ReadOnlySpan<char> text, List<Range> matches)
    {
        for (int at = 0; text[at..].IndexOf(literal, StringComparison.Ordinal) is >= 0 and var next; at += next + literal.Length)
            matches.Add((at + next)..(at + next + literal.Length));
    }
}

/// <summary>Numbers of any script: each code point alone, or runs of them.</summary>
internal sealed class DigitFinder(bool individually) : PieceFinder
{
    public override void Find(ReadOnlySpan<char> text, List<Range> matches)
    {
        for (int at = 0; at < text.Length;)
        {
            int start = at;
            while (at < text.Length && CharClasses.At(text, at, out int width) == CharClass.Number)
            {
                at += width;
                if (individually)
                    break;
            }
            if (at > start)
                matches.Add(start..at);
            else
                at += CharClasses.Width(text, at);
        }
    }
}

/// <summary>Cuts at the matches of a pattern.</summary>
/// <param name="invert">What lies between the matches counts as the matches.</param>
internal sealed class SplitPreTokenizer(PieceFinder finder, SplitBehavior behavior, bool invert) : PreTokenizer
{
    [ThreadStatic]
    private static List<Range>? matches;

    public override void Cut(in TextPiece piece, List<TextPiece> into)
    {
        var found = matches ??= [];
        found.Clear();
        finder.Find(piece.Span, found);
        var cut = new Cutting(piece, into, behavior);
        int at = 0;
        foreach (var match in found)
        {
            cut.Take(at, match.Start.Value, isMatch: invert);
            cut.Take(match.Start.Value, match.End.Value, isMatch: !invert);
            at = match.End.Value;
        }
        cut.Take(at, piece.Length, isMatch: invert);
        cut.Close();
    }

    /// <summary>Joins stretches as the behavior says; one stretch is open until it is known where it ends.</summary>
    private ref struct Cutting(TextPiece piece, List<TextPiece> into, SplitBehavior behavior)
    {
        private int start;
        private int end;
        private bool openIsMatch;

        public void Take(int from, int to, bool isMatch)
        {
            if (from == to)
                return;
            bool joins = end > start && behavior switch
            {
                SplitBehavior.Contiguous => isMatch == openIsMatch,
                SplitBehavior.MergedWithPrevious => isMatch && !openIsMatch,
                SplitBehavior.MergedWithNext => openIsMatch && !isMatch,
                _ => false,
            };
            if (!joins)
            {
                Close();
                start = from;
            }
            end = to;
            openIsMatch = isMatch;
        }

        public void Close()
        {
            if (end > start && !(openIsMatch && behavior == SplitBehavior.Removed))
                into.Add(piece.Part(start, end - start));
            start = end;
        }
    }
}
