using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Chat;

namespace Pharos.Inference.Chat.Tests;

public sealed class ToolCallParserTests
{
    private static readonly string[] Offered = ["calculator", "get_weather"];

    private const string Weather = """<tool_call>""" + "\n" + """{"name": "get_weather", "arguments": {"city": "Oslo"}}""" + "\n</tool_call>";

    [Fact]
    public void Feed_PlainText_IsContent()
    {
        var (events, segment) = Read("Two < three, and <b>bold</b>.\n\nDone. ");

        Assert.Equal([new(ToolCallEventKind.Content, 0, "Two < three, and <b>bold</b>.\n\nDone. ")], events);
        Assert.Empty(segment.Calls);
    }

    [Fact]
    public void Feed_Call_IsStartedArgumentsEnded()
    {
        var (events, segment) = Read(Weather);

        Assert.Equal(
            [
                new(ToolCallEventKind.Started, 0, "get_weather"),
                new(ToolCallEventKind.Arguments, 0, """{"city": "Oslo"}"""),
                new(ToolCallEventKind.Ended, 0, ""),
            ],
            events);
        Assert.Equal([new ParsedCall(0, "get_weather", """{"city": "Oslo"}""")], segment.Calls.ToArray());
        Assert.Equal("", segment.Content);
    }

    [Fact]
    public void Feed_TextAndTwoCalls_DropsWhiteSpaceAroundCalls()
    {
        var (_, segment) = Read("Let me look.\n" + Weather + "\n" + Weather + "\n");

        Assert.Equal("Let me look.", segment.Content);
        Assert.Equal([0, 1], segment.Calls.Select(c => c.Index));
    }

    [Fact]
    public void Feed_ArgumentsPieceByPiece_StreamsThem()
    {
        var parser = new ToolCallParser(Offered);
        var events = new List<ToolCallEvent>();

        parser.Feed("""<tool_call>{"name":"calculator","arguments":{"expr""", events);
        Assert.Equal(
            [new(ToolCallEventKind.Started, 0, "calculator"), new(ToolCallEventKind.Arguments, 0, """{"expr""")], events);

        events.Clear();
        parser.Feed("""ession":"1+""", events);
        Assert.Equal([new(ToolCallEventKind.Arguments, 0, """ession":"1+""")], events);
    }

    [Fact]
    public void Feed_WhatMayBecomeATag_IsHeldBack()
    {
        var parser = new ToolCallParser(Offered);
        var events = new List<ToolCallEvent>();

        parser.Feed("Look: <tool", events);
        Assert.Equal([new(ToolCallEventKind.Content, 0, "Look:")], events);

        events.Clear();
        parser.Feed("box>", events);
        Assert.Equal([new(ToolCallEventKind.Content, 0, " <toolbox>")], events);
    }

    [Theory]
    [InlineData("""<tool_call>{"name": "rm_rf", "arguments": {"path": "/"}}</tool_call>""")] // never offered
    [InlineData("""<tool_call>get_weather("Oslo")</tool_call>""")]
    [InlineData("""<tool_call>{"tool": "get_weather", "arguments": {}}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_weather", "arguments": [1]}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_weather", "arg""")]
    [InlineData("<tool_call>")]
    [InlineData("<tool_call")]
    public void Feed_MalformedOrForeign_IsContent(string text)
    {
        var (events, segment) = Read(text);

        Assert.Equal([new(ToolCallEventKind.Content, 0, text)], events);
        Assert.Equal(text, segment.Content);
        Assert.Empty(segment.Calls);
    }

    [Theory]
    [InlineData("""<tool_call>{"arguments": {"city": "Oslo"}, "name": "get_weather"}</tool_call>""")] // other order
    [InlineData("""<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}}""")]             // no closing tag
    [InlineData("""<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}</tool_call>""")]  // no outer brace
    public void Feed_UnusualButClear_IsACall(string text)
    {
        var (_, segment) = Read(text);

        Assert.Equal([new ParsedCall(0, "get_weather", """{"city": "Oslo"}""")], segment.Calls.ToArray());
        Assert.Equal("", segment.Content);
    }

    [Theory]
    [InlineData("""{"city": "Os""")]
    [InlineData("""{"city": "Oslo", "da""")]
    [InlineData("""{"city": "Oslo",""")]
    [InlineData("""{"city": """)]
    [InlineData("""{"days": -""")]
    [InlineData("""{"days": 1.""")]
    [InlineData("""{"city": "a\""")]
    [InlineData("""{"city": "\u00""")]
    [InlineData("""{"all": tr""")]
    [InlineData("""{"days": [1, {"a": [""")]
    [InlineData("""{"city": Oslo}}</tool_call>""")]
    [InlineData("""{"days": 01}}</tool_call>""")]
    public void Feed_ArgumentsBreakOff_AreClosedAndDoNotCount(string arguments)
    {
        var text = """<tool_call>{"name": "get_weather", "arguments": """ + arguments;
        var (events, segment) = Read(text);

        var streamed = string.Concat(events.Where(e => e.Kind == ToolCallEventKind.Arguments).Select(e => e.Text));
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(streamed).RootElement.ValueKind);
        Assert.Single(events, e => e.Kind == ToolCallEventKind.Aborted);
        Assert.Empty(segment.Calls);
        Assert.Equal(text, segment.Content);
    }

    [Fact]
    public void Complete_GoodCallAfterAbortedOne_KeepsItsOwnIndex()
    {
        var (events, segment) = Read("""<tool_call>{"name": "get_weather", "arguments": {"city": Oslo}}</tool_call>""" + Weather);

        Assert.Equal([1], segment.Calls.Select(c => c.Index));
        Assert.Contains(new ToolCallEvent(ToolCallEventKind.Ended, 1, ""), events);
    }

    [Fact]
    public void Feed_AnySplit_GivesTheSameEvents()
    {
        string[] fragments =
        [
            "Hello ", "\n", " <", "<tool_call>", "\n", """{"name": "calculator", "arguments": {"expression": "1+1"}}""", "</tool_call>",
            """{"name": "calculator", "arguments": {""", "\"a\": [1, 2.5e3, {}], ", "}}", """{"name": "nobody", "arguments": {}}""", "\U0001F600",
            """{"name": "get_weather", "arguments": {"city": "M\u00fcnchen \"x\" <tool_call>"}}""", "tail", """{"arguments":{},"name":"calculator"}""", "}", "true",
        ];
        var texts = Gen.Elements(fragments).ListOf().Select(parts => string.Concat(parts));
        var cases =
            from text in texts
            from cuts in Gen.Choose(0, text.Length).ListOf()
            select (text, cuts);

        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var (expected, whole) = Read(c.text);
            var (events, pieces) = Read(Split(c.text, c.cuts));
            Assert.Equal(expected, events);
            Assert.Equal(whole.Content, pieces.Content);
            Assert.Equal(whole.Calls.ToArray(), pieces.Calls.ToArray());
            foreach (var call in pieces.Calls)
                JsonDocument.Parse(call.Arguments).Dispose();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    private static IEnumerable<string> Split(string text, IEnumerable<int> cuts)
    {
        var at = 0;
        foreach (var cut in cuts.Order().Append(text.Length))
        {
            yield return text[at..cut];
            at = cut;
        }
    }

    private static (List<ToolCallEvent> Events, ParsedSegment Segment) Read(string text) => Read([text]);

    /// <summary>Neighbouring pieces joined: where content is cut is no matter.</summary>
    private static (List<ToolCallEvent> Events, ParsedSegment Segment) Read(IEnumerable<string> pieces)
    {
        var parser = new ToolCallParser(Offered);
        var events = new List<ToolCallEvent>();
        foreach (var piece in pieces)
            parser.Feed(piece, events);
        var segment = parser.Complete(events);
        var joined = new List<ToolCallEvent>();
        foreach (var e in events)
        {
            if (e.Kind is (ToolCallEventKind.Content or ToolCallEventKind.Arguments) && joined.Count > 0 && joined[^1].Kind == e.Kind)
                joined[^1] = e with { Text = joined[^1].Text + e.Text };
            else
                joined.Add(e);
        }
        return (joined, segment);
    }
}
