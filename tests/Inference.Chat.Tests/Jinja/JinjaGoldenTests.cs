using System.Text.Json;
using Pharos.Inference.Chat.Jinja;

namespace Pharos.Inference.Chat.Tests.Jinja;

/// <summary>The interpreter writes, character for character, what Python's Jinja2 writes.</summary>
public sealed class JinjaGoldenTests
{
    public static TheoryData<string, string> Snippets => Cases("snippets", "template", "text");

    public static TheoryData<string, string> Conversations => Cases("conversations", "template", "conversation");

    [Theory]
    [MemberData(nameof(Snippets))]
    public void Construct_IsRenderedAsByPython(string template, string expected) => Assert.Equal(expected, Goldens.Render(template, Goldens.Values()));

    [Theory]
    [MemberData(nameof(Conversations))]
    public void Conversation_IsRenderedAsByPython(string template, string conversation)
    {
        var golden = Goldens.Root.GetProperty("conversations").EnumerateArray()
            .Single(one => one.GetProperty("template").GetString() == template && one.GetProperty("conversation").GetString() == conversation);
        if (golden.TryGetProperty("text", out JsonElement text))
        {
            Assert.Equal(text.GetString(), Goldens.Render(Goldens.Template(template), Goldens.Variables(conversation)));
            return;
        }
        var refusal = Assert.Throws<JinjaException>(() => Goldens.Render(Goldens.Template(template), Goldens.Variables(conversation)));
        Assert.True(refusal.IsRefusal);
        Assert.Equal(golden.GetProperty("refused").GetString(), refusal.Message);
    }

    private static TheoryData<string, string> Cases(string list, string first, string second)
    {
        var cases = new TheoryData<string, string>();
        foreach (var one in Goldens.Root.GetProperty(list).EnumerateArray())
            cases.Add(one.GetProperty(first).GetString()!, one.GetProperty(second).GetString()!);
        return cases;
    }
}
