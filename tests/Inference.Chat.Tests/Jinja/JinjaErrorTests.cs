using Pharos.Inference.Chat.Jinja;

namespace Pharos.Inference.Chat.Tests.Jinja;

/// <summary>What a template may not do is refused with the place and the name of the construct.</summary>
public sealed class JinjaErrorTests
{
    [Theory]
    [InlineData("{% include 'other' %}", "Chat template, line 1, column 4: the statement 'include' is not supported.")]
    [InlineData("a\n  {% block x %}", "Chat template, line 2, column 6: the statement 'block' is not supported.")]
    [InlineData("{{ x | groupby('y') }}", "Chat template, line 1, column 8: the filter 'groupby' is not supported.")]
    [InlineData("{{ x is filter }}", "Chat template, line 1, column 9: the test 'filter' is not supported.")]
    [InlineData("{% frobnicate %}", "Chat template, line 1, column 4: the statement 'frobnicate' is not known.")]
    [InlineData("{% for i in x recursive %}{% endfor %}", "Chat template, line 1, column 15: 'for ... recursive' is not supported.")]
    [InlineData("{{ f(*x) }}", "Chat template, line 1, column 6: unpacking arguments with '*' is not supported.")]
    [InlineData("{% if x %}", "Chat template, line 1, column 4: 'if' is not closed; expected 'endif'.")]
    [InlineData("{% endif %}", "Chat template, line 1, column 4: 'endif' ends nothing that is open.")]
    [InlineData("{{ 1 + }}", "Chat template, line 1, column 10: expected an expression, but '}}' came.")]
    [InlineData("text {{ x", "Chat template, line 1, column 6: '{{' is not closed; expected '}}'.")]
    [InlineData("{# open", "Chat template, line 1, column 1: the comment is not closed; expected '#}'.")]
    [InlineData("{{ 'open }}", "Chat template, line 1, column 4: the text is not closed; expected '.")]
    [InlineData("{{ a ? b }}", "Chat template, line 1, column 6: the character '?' has no meaning here.")]
    [InlineData("{{ 99999999999999999999 }}", "Chat template, line 1, column 4: the integer 99999999999999999999 does not fit 64 bits.")]
    public void Malformed_IsNamedWithItsPlace(string template, string message) =>
        Assert.Equal(message, Assert.Throws<JinjaException>(() => JinjaTemplate.Parse(template)).Message);

    [Theory]
    [InlineData("{{ missing.name }}", "Chat template, line 1, column 11: 'missing' is undefined.")]
    [InlineData("\n{{ x.s.encode('utf8') }}", "Chat template, line 2, column 14: the method 'encode' is not supported.")]
    [InlineData("{{ x.s + 1 }}", "Chat template, line 1, column 8: '+' does not fit text and an integer.")]
    [InlineData("{{ x.list.append(4) }}", "Chat template, line 1, column 10: the method 'append' would change a list; lists can't be changed, make a new one with '+'.")]
    [InlineData("{% for i in 5 %}{% endfor %}", "Chat template, line 1, column 4: an integer can't be iterated; expected a list, a mapping or text.")]
    [InlineData("{{ 1 // 0 }}", "Chat template, line 1, column 6: division by zero.")]
    [InlineData("{{ x.s() }}", "Chat template, line 1, column 7: text can't be called.")]
    [InlineData("{{ nobody() }}", "Chat template, line 1, column 10: 'nobody' is undefined.")]
    [InlineData("{{ 'a' | replace('b') }}", "Chat template, line 1, column 10: 'replace' needs its argument 'new'.")]
    [InlineData("{{ 'a' | trim(chars='b', width=1) }}", "Chat template, line 1, column 10: 'trim' has no argument 'width'.")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "Chat template, line 1, column 24: the result of '+' does not fit 64 bits.")]
    [InlineData("{% set x.y = 1 %}", "Chat template, line 1, column 4: 'x.y' can be set on a namespace only.")]
    [InlineData("{{ strftime_now('%Q') }}", "Chat template, line 1, column 16: 'strftime_now' does not know '%Q'.")]
    [InlineData("{{ '%d' % 3 }}", "Chat template, line 1, column 9: formatting text with '%' is not supported.")]
    public void FailedStep_IsNamedWithItsPlace(string template, string message) =>
        Assert.Equal(message, Assert.Throws<JinjaException>(() => Goldens.Render(template, Goldens.Values())).Message);

    [Fact]
    public void Refusal_IsTheTemplatesOwnSentence()
    {
        var refusal = Assert.Throws<JinjaException>(() => Goldens.Render("{{ raise_exception('Roles must ' + 'alternate') }}", []));
        Assert.True(refusal.IsRefusal);
        Assert.Equal("Roles must alternate", refusal.Message);
    }

    [Theory]
    [InlineData("{% for a in range(1000) %}{% for b in range(1000) %}{% set c = a %}{% endfor %}{% endfor %}", "rendering takes more than 100000 steps.")]
    [InlineData("{{ 'abcdefgh' * 1000000 }}", "a text would have 8000000 characters; at most 10000 are allowed.")]
    [InlineData("{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "a text would have 16384 characters; at most 10000 are allowed.")]
    [InlineData("{% for i in range(3000) %}0123456789{% endfor %}", "a text would have 10010 characters; at most 10000 are allowed.")]
    [InlineData("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", "macros call each other more than 64 deep.")]
    [InlineData("{{ range(1000000) | length }}", "'range' would have more than 100000 items.")]
    [InlineData("{{ ('a' * 9999) | replace('', 'bbbbbbbb') }}", "a text would have 80000 characters; at most 10000 are allowed.")]
    public void WorkAndOutput_AreBounded(string template, string because)
    {
        var stopped = Assert.Throws<JinjaException>(() => Goldens.Render(template, [], new JinjaLimits(MaxSteps: 100_000, MaxCharacters: 10_000)));
        Assert.Equal(because, stopped.Because);
        Assert.False(stopped.IsRefusal);
    }

    [Theory]
    [InlineData("(", "1", ")")]
    [InlineData("[", "", "]")]
    [InlineData("not ", "x", "")]
    [InlineData("1 if (", "1", ") else 1")]
    public void DeepNesting_IsAnErrorAndNoCrash(string before, string inner, string after)
    {
        const int depth = 1_000;
        var template = "{{ " + string.Concat(Enumerable.Repeat(before, depth)) + inner + string.Concat(Enumerable.Repeat(after, depth)) + " }}";
        Assert.Contains("nested more than 100 levels deep", Assert.Throws<JinjaException>(() => Goldens.Render(template, Goldens.Values())).Message);
    }

    [Fact]
    public void LongChains_AreAnErrorAndNoCrash()
    {
        var template = JinjaTemplate.Parse("{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 20_000)) + " }}");
        JinjaException? failure = null;
        var thread = new Thread(() => failure = Assert.Throws<JinjaException>(() => template.Render([], Goldens.Now)), maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.Contains("nested too deeply", failure!.Message);
    }
}
