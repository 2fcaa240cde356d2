using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Tokenization.PreTokenization;
using Pharos.Inference.Tokenization.Reading;

namespace Pharos.Inference.Tests.Tokenization;

public sealed class PieceFinderTests
{
    /// <summary>Pieces of which texts are made that take every turn of the patterns.</summary>
    private static readonly string[] Scraps =
    [
        "a", "Z", "\u00e9", "\u6f22", "\U0001D518", "\U0001F680", "1", "23", "4567", "\u0663", "\u2167", "\U0001D7D8", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000",
        "'s", "'S", "'\u017f", "'ll", "'LL", "'rE", "'x", "'", "!", "?!", "_", "\u0301", "\u200d", "\u180e", "\0", "\ufeff", "\u1cd7", "-", "word", "'t", "'d",
    ];

    private static Arbitrary<string> Texts => Gen.Elements(Scraps).ListOf().Select(string.Concat).ToArbitrary();

    [Theory]
    [InlineData("Hello world", "Hello| world")]
    [InlineData("it's they'll 'x", "it|'s| they|'ll| '|x")]
    [InlineData("a  b   ", "a| | b|   ")]
    [InlineData("a\n\n b", "a|\n\n| b")]
    [InlineData("x1 22!? \u00e9\u6f22", "x|1| 22|!?| \u00e9\u6f22")]
    [InlineData("\U0001D518\U0001D52B \u180ea", "\U0001D518\U0001D52B| \u180e|a")]
    public void Gpt2_CutsAsTheOriginal(string text, string pieces) => Assert.Equal(pieces, Cut(new Gpt2Finder(), text));

    [Theory]
    [InlineData("I'LL pay 12345$ now!\n\nOK", "I|'LL| pay| |123|45|$| now|!\n\n|OK")]
    [InlineData("a  \n  b\t\tc", "a|  \n| | b|\t|\tc")]
    [InlineData("(x)_y", "(x|)_|y")]
    public void Cl100k_CutsAsTheOriginal(string text, string pieces) => Assert.Equal(pieces, Cut(new Cl100kFinder(3), text));

    public static TheoryData<string> ScannedPatterns() => [Gpt2Finder.Pattern, Cl100kFinder.Pattern(1), Cl100kFinder.Pattern(3), Cl100kFinder.SpelledPattern(1)];

    [Theory]
    [MemberData(nameof(ScannedPatterns))]
    public void Scanner_CutsAsTheExpression(string pattern)
    {
        var scanner = PreTokenizerReader.FinderOf(pattern);
        Assert.IsNotType<RegexFinder>(scanner);
        var expression = new RegexFinder(pattern);
        Prop.ForAll(Texts, text =>
        {
            string expected = Cut(expression, text), actual = Cut(scanner, text);
            return (expected == actual).Label($"{expected} but {actual}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void LongRuns_AreCutInOnePass()
    {
        // Each of these makes a pattern with a look-ahead or two stars look far; quadratic work would not end.
        foreach (string run in (string[])[" ", "a", "1", "!", "\n ", "A", "'", "\u0301"])
        {
            string text = string.Concat(Enumerable.Repeat(run, 300_000 / run.Length));
            foreach (var finder in (PieceFinder[])[new Gpt2Finder(), new Cl100kFinder(3), new RegexFinder(Cl100kFinder.Pattern(3)), new RegexFinder(O200k)])
            {
                var matches = new List<Range>();
                finder.Find(text, matches);
                Assert.Equal(text.Length, matches.Sum(m => m.End.Value - m.Start.Value));
            }
        }
    }

    private const string O200k =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Fact]
    public void SupplementaryCharacters_AreOneCharacterOfTheirCategory()
    {
        Assert.Equal("\U0001D518\U0001D519|\U0001F680|\U0001D7D8", Cut(new RegexFinder(@"\p{Lu}+|\p{Nd}"), "\U0001D518\U0001D519\U0001F680\U0001D7D8"));
        // Deseret is named by the pattern, mathematical letters are not.
        Assert.Equal("ab\U00010400|\U0001D518|c", Cut(new RegexFinder("[a-z\U00010400-\U0001044F]+"), "ab\U00010400\U0001D518c"));
    }

    [Fact]
    public void PossessiveQuantifiers_GiveNothingBack()
    {
        Assert.Equal("aab", Cut(new RegexFinder("a++ab|b"), "aab").Replace("|", ""));
        Assert.Equal("aa|b", Cut(new RegexFinder("a++ab|b"), "aab"));
        Assert.Equal("aab", Cut(new RegexFinder("a+ab|b"), "aab"));
    }

    [Theory]
    [InlineData(SplitBehavior.Isolated, "a|-|-|b|-|c")]
    [InlineData(SplitBehavior.Removed, "a|b|c")]
    [InlineData(SplitBehavior.Contiguous, "a|--|b|-|c")]
    [InlineData(SplitBehavior.MergedWithPrevious, "a-|-|b-|c")]
    [InlineData(SplitBehavior.MergedWithNext, "a|-|-b|-c")]
    internal void Behaviors_JoinAsTheirNamesSay(SplitBehavior behavior, string pieces)
    {
        var into = new List<TextPiece>();
        new SplitPreTokenizer(new LiteralFinder("-"), behavior, invert: false).Cut(new TextPiece("a--b-c", 0, 6, true), into);
        Assert.Equal(pieces, string.Join('|', into.Select(p => p.Span.ToString())));
    }

    private static string Cut(PieceFinder finder, string text)
    {
        var into = new List<TextPiece>();
        if (text.Length > 0)
            PreTokenizerReader.Isolating(finder).Cut(new TextPiece(text, 0, text.Length, true), into);
        return string.Join('|', into.Select(p => p.Span.ToString()));
    }
}
