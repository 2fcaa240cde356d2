namespace Pharos.Inference.Tokenization.PreTokenization;

/// <summary>A stretch of text that is cut further or encoded.</summary>
/// <param name="First">Whether it begins where the whole text begins.</param>
internal readonly record struct TextPiece(string Text, int Start, int Length, bool First)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    public TextPiece Part(int start, int length) => new(Text, Start + start, length, First && start == 0);
}

/// <summary>One step of cutting text into the pieces within which tokens are found.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Appends what becomes of <paramref name="piece"/>, which is not empty, to <paramref name="into"/>.</summary>
    public abstract void Cut(in TextPiece piece, List<TextPiece> into);
}

/// <summary>Begins a text that does not begin with a blank with one, as byte-level tokenizers do that have <c>add_prefix_space</c>.</summary>
internal sealed class PrefixSpacePreTokenizer : PreTokenizer
{
    public override void Cut(in TextPiece piece, List<TextPiece> into) =>
        into.Add(piece.Span[0] == ' ' ? piece : new TextPiece(string.Concat(" ", piece.Span), 0, piece.Length + 1, piece.First));
}

/// <summary>When a text that does not begin with the replacement of blanks is given one.</summary>
internal enum PrependScheme
{
    Never,
    First,
    Always,
}

/// <summary>SentencePiece's blanks: each becomes a visible character, which begins a piece.</summary>
internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme scheme, bool split) : PreTokenizer
{
    private readonly SplitPreTokenizer cutter = new(new LiteralFinder(replacement.ToString()), SplitBehavior.MergedWithNext, invert: false);

    public override void Cut(in TextPiece piece, List<TextPiece> into)
    {
        bool begins = piece.Span[0] is ' ' || piece.Span[0] == replacement;
        bool prepend = !begins && (scheme == PrependScheme.Always || (scheme == PrependScheme.First && piece.First));
        string text = string.Concat(prepend ? [replacement] : default(ReadOnlySpan<char>), piece.Span).Replace(' ', replacement);
        var whole = new TextPiece(text, 0, text.Length, piece.First);
        if (split)
            cutter.Cut(whole, into);
        else
            into.Add(whole);
    }
}
