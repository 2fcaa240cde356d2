using Pharos.Inference.Tokenization;
using Pharos.Inference.Tokenization.Models;
using Pharos.Inference.Tokenization.PreTokenization;
using Pharos.Inference.Tokenization.Reading;

namespace Pharos.Inference.Tests.Tokenization;

public sealed class TextRefusedTests
{
    // Every way of dividing a run of letters is tried before the look-ahead is given up.
    private const string Endless = "(?:a|aa)+(?=b)";

    [Fact]
    public void TextThatAPatternNeverFinishes_IsRefused()
    {
        var cut = PreTokenizerReader.Isolating(new RegexFinder(Endless, TimeSpan.FromSeconds(1)));
        var tokenizer = new Tokenizer(new TokenizerParts([[97]], [], null, [cut], new OneTokenPerPiece(), LeadingBlanks.Kept, [], []));
        Assert.Equal(2, tokenizer.Encode("aab", parseSpecial: false).Count);
        var refused = Assert.Throws<TextRefusedException>(() => tokenizer.Encode(new string('a', 60), parseSpecial: false));
        Assert.Contains("60 characters", refused.Message);
        Assert.Contains(Endless, refused.Message);
        Assert.Equal(2, tokenizer.Encode("aab", parseSpecial: false).Count);
    }

    private sealed class OneTokenPerPiece : TokenModel
    {
        public override void Encode(ReadOnlySpan<char> piece, List<int> tokens) => tokens.Add(0);
    }
}
