using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Tests.Support;
using Pharos.Inference.Tokenization;

namespace Pharos.Inference.Tests.Tokenization;

public sealed class DetokenizerTests
{
    private static readonly Tokenizer Bytes = ByteTokenizer.Load(ByteTokenizer.Json());

    [Fact]
    public void Character_AppearsWhenItIsComplete()
    {
        var detokenizer = new Detokenizer(Bytes);
        byte[] rocket = Encoding.UTF8.GetBytes("🚀");
        Assert.Equal(["", "", "", "🚀"], rocket.Select(b => detokenizer.Append(b).ToString()));
        Assert.Equal("", detokenizer.Flush().ToString());
    }

    [Fact]
    public void IncompleteCharacter_IsReplacedAtTheEnd()
    {
        var detokenizer = new Detokenizer(Bytes);
        Assert.Equal(["a", "", ""], new int[] { 'a', 0xF0, 0x9F }.Select(b => detokenizer.Append(b).ToString()));
        Assert.Equal("\uFFFD", detokenizer.Flush().ToString());
        Assert.Equal("b", detokenizer.Append('b').ToString()); // and nothing is left over
    }

    [Fact]
    public void ControlTokens_AreSkippedOrShown()
    {
        Assert.Equal("", new Detokenizer(Bytes).Append(ByteTokenizer.ImEnd).ToString());
        Assert.Equal("<|im_end|>", new Detokenizer(Bytes, skipSpecial: false).Append(ByteTokenizer.ImEnd).ToString());
        Assert.Equal("<tool_call>", new Detokenizer(Bytes).Append(ByteTokenizer.ToolCall).ToString());
    }

    [Fact]
    public void Pieces_JoinToWhatAllBytesDecodeTo_HoweverTheyAreCut()
    {
        // Half of the runs are arbitrary bytes, half are text cut anywhere.
        var bytes = Gen.OneOf(
            Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(),
            Gen.Elements("é", "漢", "🚀", "a", "<").ListOf().Select(t => Encoding.UTF8.GetBytes(string.Concat(t))));
        Prop.ForAll(bytes.ToArbitrary(), content =>
        {
            var detokenizer = new Detokenizer(Bytes);
            string[] pieces = [.. content.Select(b => detokenizer.Append(b).ToString()), detokenizer.Flush().ToString()];
            bool whole = pieces.All(p => p.Length == 0 || !(char.IsLowSurrogate(p[0]) || char.IsHighSurrogate(p[^1])));
            return whole && string.Concat(pieces) == Encoding.UTF8.GetString(content);
        }).QuickCheckThrowOnFailure();
    }

    public static TheoryData<string> Kinds() => [.. Goldens.Names(".golden.json")];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Pieces_JoinToWhatTheTokensDecodeTo_WithEveryKindOfVocabulary(string kind)
    {
        // Any tokens, as a model may choose them: bytes out of order, blanks at the beginning, control tokens anywhere.
        var tokenizer = GoldenTests.Tokenizer(Goldens.Read($"{kind}.golden.json"));
        var cases = from tokens in Gen.Choose(0, tokenizer.IdLimit).ListOf() from skip in Gen.Elements(true, false) select (tokens, skip);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var detokenizer = new Detokenizer(tokenizer, c.skip);
            string[] pieces = [.. c.tokens.Select(t => detokenizer.Append(t).ToString()), detokenizer.Flush().ToString()];
            bool whole = pieces.All(p => p.Length == 0 || !(char.IsLowSurrogate(p[0]) || char.IsHighSurrogate(p[^1])));
            return whole && string.Concat(pieces) == tokenizer.Decode(c.tokens, c.skip);
        }).QuickCheckThrowOnFailure();
    }

    public static TheoryData<string> ExactKinds() => ["gpt2", "llama3", "deepseek", "deepseek3", "smollm", "o200k", "possessive", "llama2", "gemma"];

    [Theory]
    [MemberData(nameof(ExactKinds))]
    public void AnyText_DecodesToItself(string kind)
    {
        var tokenizer = GoldenTests.Tokenizer(Goldens.Read($"{kind}.golden.json"));
        string[] scraps = [.. Goldens.Mixtures().Take(200).Where(t => !t.Contains('\uD800') && !t.Contains('\u2581'))];
        var texts = Gen.OneOf(
            Gen.Elements(scraps),
            Gen.Choose(0, 0x10FFFF).Where(c => c is (< 0xD800 or > 0xDFFF) and not 0x2581).Select(char.ConvertFromUtf32)).ListOf().Select(string.Concat);
        Prop.ForAll(texts.ToArbitrary(), text => tokenizer.Decode(tokenizer.Encode(text, parseSpecial: false)) == text).QuickCheckThrowOnFailure();
    }
}
