using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Tokenization.Normalization;

namespace Pharos.Inference.Tests.Tokenization;

public sealed class UnicodeFormsTests
{
    /// <summary>Examples of Unicode Standard Annex 15 and of its conformance test: a text and its forms C, D, KC, KD.</summary>
    [Theory]
    [InlineData("\u1E0A", "\u1E0A", "D\u0307", "\u1E0A", "D\u0307")]
    [InlineData("D\u0307\u0323", "\u1E0C\u0307", "D\u0323\u0307", "\u1E0C\u0307", "D\u0323\u0307")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("\u212B\u2126", "\u00C5\u03A9", "A\u030A\u03A9", "\u00C5\u03A9", "A\u030A\u03A9")]
    [InlineData("\uFB01\u2460\uFF21", "\uFB01\u2460\uFF21", "\uFB01\u2460\uFF21", "fi1A", "fi1A")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")] // excluded from composition
    [InlineData("\uAC00\u11A8", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("a\u0301\u0327b", "\u00E1\u0327b", "a\u0327\u0301b", "\u00E1\u0327b", "a\u0327\u0301b")]
    [InlineData("\U0001D15E\u6F22", "\U0001D157\U0001D165\u6F22", "\U0001D157\U0001D165\u6F22", "\U0001D157\U0001D165\u6F22", "\U0001D157\U0001D165\u6F22")]
    public void Forms_AreThoseOfTheStandard(string text, string c, string d, string kc, string kd)
    {
        Assert.Equal(c, UnicodeForms.Normalize(text, NormalizationForm.FormC));
        Assert.Equal(d, UnicodeForms.Normalize(text, NormalizationForm.FormD));
        Assert.Equal(kc, UnicodeForms.Normalize(text, NormalizationForm.FormKC));
        Assert.Equal(kd, UnicodeForms.Normalize(text, NormalizationForm.FormKD));
    }

    [Fact]
    public void Forms_AreStable_AndOfEqualTextsEqual()
    {
        // Code points that combine, decompose or compose, close together.
        var points = Gen.OneOf(
            Gen.Choose(0x300, 0x345), Gen.Elements((int[])['a', 'A', 'o', 's', 0xE9, 0x1E69, 0x1100, 0x1161, 0x11A8, 0xAC00, 0xFB01, 0x212B, 0x958, 0x93C, 0x1D15E, 0x6F22]),
            Gen.Choose(0xA0, 0x2FFF), Gen.Choose(0x1D100, 0x1D1FF));
        var texts = points.Select(char.ConvertFromUtf32).ListOf().Select(string.Concat);
        Prop.ForAll(texts.ToArbitrary(), text =>
        {
            string c = UnicodeForms.Normalize(text, NormalizationForm.FormC), d = UnicodeForms.Normalize(text, NormalizationForm.FormD);
            string kc = UnicodeForms.Normalize(text, NormalizationForm.FormKC);
            return UnicodeForms.Normalize(c, NormalizationForm.FormC) == c && UnicodeForms.Normalize(d, NormalizationForm.FormC) == c
                && UnicodeForms.Normalize(c, NormalizationForm.FormD) == d && UnicodeForms.Normalize(d, NormalizationForm.FormKC) == kc
                && UnicodeForms.Normalize(kc, NormalizationForm.FormKC) == kc;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }
}
