using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Pharos.Inference.Chat.Tests;

/// <summary>The tool-call formats of the families, read whole and in every cut.</summary>
public sealed class ToolMarkupTests
{
    private static readonly string[] Offered = ["calculator", "get_weather"];

    [Theory]
    [InlineData("llama3", """{"name": "get_weather", "parameters": {"city": "Oslo"}}""", "")]
    [InlineData("llama3", """<|python_tag|>{"name": "get_weather", "parameters": {"city": "Oslo"}}""", "")]
    [InlineData("llama3", """Let me see.<|python_tag|>{"type": "function", "name": "get_weather", "parameters": {"city": "Oslo"}}""", "Let me see.")]
    [InlineData("llama3", """  {"type": "function", "name": "get_weather", "arguments": {"city": "Oslo"}}  """, "")]
    [InlineData("llama3", """{"parameters": {"city": "Oslo"}, "name": "get_weather"}""", "")]
    [InlineData("mistral", """[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Oslo"}, "id": "abcdefghi"}]""", "")]
    [InlineData("mistral", """[TOOL_CALLS][{"id": "abcdefghi", "name": "get_weather", "arguments": {"city": "Oslo"}}]""", "")]
    [InlineData("mistral", """[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo"}""", "")]
    [InlineData("mistral", """[TOOL_CALLS]get_weather{"city": "Oslo"}""", "")]
    [InlineData("mistral", """I look.[TOOL_CALLS]get_weather[CALL_ID]a1b2c3d4e[ARGS]{"city": "Oslo"}""", "I look.")]
    [InlineData("fenced", "```tool_call\n{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}\n```", "")]
    [InlineData("fenced", "Sure:\n```tool_code\n[{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}]\n```\n", "Sure:")]
    [InlineData("fenced", "```json\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n```", "")]
    [InlineData("hermes", "<tool_call>\n{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}\n</tool_call>", "")]
    public void Call_IsRead(string family, string text, string content)
    {
        var segment = ToolCallParser.Parse(text, Offered, Markup(family));
        Assert.Equal([new ParsedCall(0, "get_weather", """{"city": "Oslo"}""")], segment.Calls.ToArray());
        Assert.Equal(content, segment.Content);
    }

    [Theory]
    [InlineData("llama3", """{"name": "get_weather", "parameters": {"a": 1}}; {"name": "calculator", "parameters": {"b": 2}}""")]
    [InlineData("llama3", "{\"name\": \"get_weather\", \"parameters\": {\"a\": 1}}\n{\"name\": \"calculator\", \"parameters\": {\"b\": 2}}")]
    [InlineData("mistral", """[TOOL_CALLS] [{"name": "get_weather", "arguments": {"a": 1}}, {"name": "calculator", "arguments": {"b": 2}}]""")]
    [InlineData("mistral", """[TOOL_CALLS]get_weather[ARGS]{"a": 1}[TOOL_CALLS]calculator[ARGS]{"b": 2}""")]
    [InlineData("fenced", "```tool_call\n[{\"name\": \"get_weather\", \"parameters\": {\"a\": 1}}, {\"name\": \"calculator\", \"parameters\": {\"b\": 2}}]\n```")]
    [InlineData("fenced", "```tool_call\n{\"name\": \"get_weather\", \"parameters\": {\"a\": 1}}\n```\n```tool_call\n{\"name\": \"calculator\", \"parameters\": {\"b\": 2}}\n```")]
    public void SeveralCalls_AreRead(string family, string text)
    {
        var segment = ToolCallParser.Parse(text, Offered, Markup(family));
        Assert.Equal([(0, "get_weather", """{"a": 1}"""), (1, "calculator", """{"b": 2}""")], segment.Calls.Select(call => (call.Index, call.Name, call.Arguments)));
        Assert.Equal("", segment.Content);
    }

    [Theory]
    [InlineData("llama3", """{"answer": 42, "unit": {"name": "m"}}""")]
    [InlineData("llama3", """{"name": "calculator"}""")] // an answer in JSON
    [InlineData("llama3", """So: {"name": "calculator", "parameters": {}}""")] // not at the beginning
    [InlineData("llama3", """{"name": "rm_rf", "parameters": {"path": "/"}}""")]
    [InlineData("llama3", "<|python_tag|>print('x')")]
    [InlineData("mistral", """[TOOL_CALLS] [{"name": "rm_rf", "arguments": {}}]""")]
    [InlineData("mistral", "[TOOL_CALLS] nothing to call here")]
    [InlineData("mistral", """[TOOL_CALLS]rm_rf[ARGS]{"path": "/"}""")]
    [InlineData("mistral", "[TOOL_CALLS")]
    [InlineData("fenced", "```json\n{\"name\": \"Ann\", \"age\": {\"years\": 3}}\n```")]
    [InlineData("fenced", "```csharp\nvar x = 1;\n```")]
    [InlineData("fenced", "```tool_code\nget_weather(city=\"Oslo\")\n```")]
    public void WhatIsNoCall_IsContentAsItCame(string family, string text)
    {
        var segment = ToolCallParser.Parse(text, Offered, Markup(family));
        Assert.Empty(segment.Calls);
        Assert.Equal(text, segment.Content);
    }

    [Theory]
    [InlineData("mistral", """[TOOL_CALLS]get_weather[ARGS]{"city": "Os""")]
    [InlineData("mistral", """[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Oslo", """)]
    [InlineData("llama3", """{"name": "get_weather", "parameters": {"days": [1, {"a": tr""")]
    [InlineData("fenced", "```tool_call\n{\"name\": \"get_weather\", \"parameters\": {\"city\": Oslo")]
    public void ArgumentsThatBreakOff_AreClosedAndDoNotCount(string family, string text)
    {
        var (events, segment) = Read([text], Markup(family));
        var streamed = string.Concat(events.Where(one => one.Kind == ToolCallEventKind.Arguments).Select(one => one.Text));
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(streamed).RootElement.ValueKind);
        Assert.Single(events, one => one.Kind == ToolCallEventKind.Aborted);
        Assert.Empty(segment.Calls);
        Assert.Equal(text, segment.Content);
    }

    [Fact]
    public void NameFirst_ArgumentsStreamAsTheyCome()
    {
        var parser = new ToolCallParser(Offered, ToolMarkup.Mistral);
        var events = new List<ToolCallEvent>();
        parser.Feed("""[TOOL_CALLS]calculator[ARGS]{"expr""", events);
        parser.Feed("""ession": "1""", events);
        Assert.Equal(
            [new(ToolCallEventKind.Started, 0, "calculator"), new(ToolCallEventKind.Arguments, 0, """{"expr"""), new(ToolCallEventKind.Arguments, 0, """ession": "1""")],
            events);
    }

    [Fact]
    public void AnySplit_GivesTheSameEvents_AndNeverABrokenDelta()
    {
        string[] fragments =
        [
            "Hello ", "\n", " ", ";", ",", "[", "]", "{", "}", "```", "```tool_call", "```json\n", "<|python_tag|>", "<|python", "[TOOL_CALLS]", "[TOOL", "[ARGS]", "[CALL_ID]a1", "<tool_call>", "</tool_call>",
            """{"name": "calculator", "parameters": {"expression": "1+1"}}""", """{"name": "get_weather", "arguments": {"city": "M\u00fcnchen \"x\" ``` [TOOL_CALLS]"}, "id": "abcdefghi"}""",
            """{"type": "function", "name": "calculator", "parameters": {"a": [1, 2.5e3, {}], """, "}}", "calculator", "get_weather[ARGS]", """{"name": "nobody", "parameters": {}}""", "\U0001F600", """{"x": tru""",
        ];
        var cases =
            from family in Gen.Elements(ToolMarkup.All.ToArray())
            from parts in Gen.Elements(fragments).ListOf()
            let text = string.Concat(parts)
            from cuts in Gen.Choose(0, text.Length).ListOf()
            select (family, text, cuts);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var (expected, whole) = Read([c.text], c.family);
            var (events, pieces) = Read(Split(c.text, c.cuts), c.family);
            Assert.Equal(expected, events);
            Assert.Equal((whole.Content, whole.Calls.Length), (pieces.Content, pieces.Calls.Length));
            Assert.Equal(whole.Calls.ToArray(), pieces.Calls.ToArray());
            var letters = Read(c.text.Select(letter => letter.ToString()), c.family);
            Assert.Equal(expected, letters.Events);
            foreach (var call in events.Where(one => one.Kind == ToolCallEventKind.Started))
            {
                // Of every call that was begun, the deltas together are an object, whether it counts or not.
                var streamed = string.Concat(events.Where(one => one.Kind == ToolCallEventKind.Arguments && one.Index == call.Index).Select(one => one.Text));
                Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(streamed).RootElement.ValueKind);
            }
            foreach (var call in pieces.Calls)
                Assert.Contains(call.Name, Offered);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_500));
    }

    [Theory]
    [InlineData("{% if tools %}[TOOL_CALLS]{% endif %}", "mistral")]
    [InlineData("<|im_start|> <tool_call>", "hermes")]
    [InlineData("<|start_header_id|>", "llama3")]
    [InlineData("<start_of_turn>", "fenced")]
    [InlineData("[INST]", "mistral")]
    [InlineData("{{ messages }}", "hermes")]
    public void Family_IsTheOneWhoseMarksTheTemplateWrites(string template, string family) => Assert.Equal(family, ToolMarkup.Of(template).Name);

    private static ToolMarkup Markup(string family) => ToolMarkup.All.Single(markup => markup.Name == family);

    private static IEnumerable<string> Split(string text, IEnumerable<int> cuts)
    {
        var at = 0;
        foreach (var cut in cuts.Order().Append(text.Length))
        {
            yield return text[at..cut];
            at = cut;
        }
    }

    /// <summary>Neighbouring pieces joined: where content is cut is no matter.</summary>
    private static (List<ToolCallEvent> Events, ParsedSegment Segment) Read(IEnumerable<string> pieces, ToolMarkup markup)
    {
        var parser = new ToolCallParser(Offered, markup);
        var events = new List<ToolCallEvent>();
        foreach (var piece in pieces)
            parser.Feed(piece, events);
        var segment = parser.Complete(events);
        var joined = new List<ToolCallEvent>();
        foreach (var one in events)
        {
            if (one.Kind is (ToolCallEventKind.Content or ToolCallEventKind.Arguments) && joined.Count > 0 && joined[^1].Kind == one.Kind)
                joined[^1] = one with { Text = joined[^1].Text + one.Text };
            else
                joined.Add(one);
        }
        return (joined, segment);
    }
}
