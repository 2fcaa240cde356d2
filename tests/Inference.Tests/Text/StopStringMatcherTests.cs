using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Text;

namespace Pharos.Inference.Tests.Text;

public sealed class StopStringMatcherTests
{
    [Fact]
    public void StopString_AcrossTokens_EndsTheTextBeforeIt()
    {
        var matcher = new StopStringMatcher(["\nUser:"]);
        Assert.Equal("Yes.", matcher.Append("Yes.\nUs"));
        Assert.Equal("", matcher.Append("er"));
        Assert.Equal("", matcher.Append(": what"));
        Assert.Equal("\nUser:", matcher.Match);
        Assert.Equal("", matcher.Append("more"));
        Assert.Equal("", matcher.Flush());
    }

    [Fact]
    public void FalseBeginning_IsReleased()
    {
        var matcher = new StopStringMatcher(["aab"]);
        Assert.Equal("", matcher.Append("aa"));
        Assert.Equal("a", matcher.Append("a"));
        Assert.Equal("aac", matcher.Append("c"));
        Assert.Equal("", matcher.Append("a"));
        Assert.Equal("a", matcher.Flush());
        Assert.Null(matcher.Match);
    }

    [Fact]
    public void OfSeveral_TheFirstCompleteWins_ThenTheLongest()
    {
        var longer = new StopStringMatcher(["c", "abc", "bcd"]);
        Assert.Equal("x", longer.Append("xabcd"));
        Assert.Equal("abc", longer.Match);
        var first = new StopStringMatcher(["abcdef", "cd"]);
        Assert.Equal("ab", first.Append("abcdef"));
        Assert.Equal("cd", first.Match);
    }

    [Fact]
    public void EmptyStopString_IsRefused() => Assert.Throws<ArgumentException>(() => new StopStringMatcher(["a", ""]));

    [Fact]
    public void Outcome_DependsOnTheTextAlone()
    {
        // Two letters make beginnings of stop strings frequent.
        var words = Gen.Choose(0, 1).Select(c => (char)('a' + c)).ArrayOf().Select(c => new string(c));
        var cases =
            from text in words
            from stops in words.Where(w => w.Length > 0).ListOf()
            from cut in Gen.Choose(1, 4)
            select (text, stops, cut);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var matcher = new StopStringMatcher([.. c.stops]);
            string emitted = string.Concat(c.text.Chunk(c.cut).Select(chunk => matcher.Append(new string(chunk)))) + matcher.Flush();
            var (expected, match) = Plain(c.text, [.. c.stops]);
            return emitted == expected && matcher.Match == match;
        }).QuickCheckThrowOnFailure();
    }

    /// <summary>Looks at every prefix of the text for the longest stop string that ends it.</summary>
    private static (string Text, string? Match) Plain(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            string? stop = stops.Where(s => text[..end].EndsWith(s, StringComparison.Ordinal)).MaxBy(s => s.Length);
            if (stop is not null)
                return (text[..(end - stop.Length)], stop);
        }
        return (text, null);
    }
}
