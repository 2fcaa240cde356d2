using Pharos.Gateway.Answers;
using Pharos.Gateway.Chat;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Tests;

public sealed class ChatTranslatorTests
{
    private const string Markup = """<tool_call>{"name": "calculator", "arguments": {"expression": "1+1"}}</tool_call>""";
    private static readonly ToolCall Call = new("call_r_10_0", "calculator", """{"expression": "1+1"}""");

    [Fact]
    public void Translate_ClientTools_StreamsTheCallUnderItsId()
    {
        var events = Translate(
            ToolUse.Client, streaming: true, new AnswerEvent.Text(10, Markup), new AnswerEvent.SegmentEnded(10, Fakes.End(SegmentEndReason.ToolCalls, Call)),
            new AnswerEvent.Ended(SegmentEndReason.ToolCalls, RequestUsage.None));

        Assert.Equal(new ChatEvent.CallStarted(0, Call.Id, Call.Name), events[0]);
        Assert.Equal(new ChatEvent.CallArguments(0, Call.Arguments), events[1]);
        Assert.Equal(("tool_calls", 1), (Ended(events).FinishReason, Ended(events).Calls.Count));
        Assert.Equal(3, events.Count);
    }

    [Fact]
    public void Translate_CallOnlyTheWorkerSaw_IsGivenWhole()
    {
        var events = Translate(
            ToolUse.Client, streaming: true, new AnswerEvent.SegmentEnded(10, Fakes.End(SegmentEndReason.ToolCalls, Call)),
            new AnswerEvent.Ended(SegmentEndReason.ToolCalls, RequestUsage.None));

        Assert.Equal(new ChatEvent.CallStarted(0, Call.Id, Call.Name), events[0]);
        Assert.Equal(new ChatEvent.CallArguments(0, Call.Arguments), events[1]);
    }

    [Fact]
    public void Translate_ServerTools_ShowsCallsWhenTheyRunAndNoMarkup()
    {
        var result = new ToolResult(Call.Id, Call.Name, "2", 0.1, false);
        var events = Translate(
            ToolUse.Server, streaming: true, new AnswerEvent.Text(10, Markup), new AnswerEvent.SegmentEnded(10, Fakes.End(SegmentEndReason.ToolCalls, Call)),
            new AnswerEvent.ToolStarted(Call), new AnswerEvent.ToolReturned(result), new AnswerEvent.Text(40, "It is 2."),
            new AnswerEvent.SegmentEnded(40, Fakes.End(SegmentEndReason.Stop)), new AnswerEvent.Ended(SegmentEndReason.Stop, RequestUsage.None));

        Assert.Equal([new ChatEvent.ServerCall(Call), new ChatEvent.ServerResult(result), new ChatEvent.Content("It is 2.")], events[..3]);
        Assert.Equal("stop", Ended(events).FinishReason);
    }

    [Fact]
    public void Translate_NoTools_MarkupIsText() =>
        Assert.Equal([new ChatEvent.Content(Markup)], Translate(ToolUse.None, streaming: true, new AnswerEvent.Text(10, Markup)));

    [Fact]
    public void Translate_CutOffInACall_IsLengthAndNeverBrokenJson()
    {
        var cut = """<tool_call>{"name": "calculator", "arguments": {"expression": "1""";
        AnswerEvent[] steps = [new AnswerEvent.Text(10, cut), new AnswerEvent.SegmentEnded(10, Fakes.End(SegmentEndReason.Length)), new AnswerEvent.Ended(SegmentEndReason.Length, RequestUsage.None)];

        var streamed = Translate(ToolUse.Client, streaming: true, steps);
        Assert.Equal("""{"expression": "1"}""", string.Concat(streamed.OfType<ChatEvent.CallArguments>().Select(call => call.Fragment)));
        Assert.Equal(("length", 0), (Ended(streamed).FinishReason, Ended(streamed).Calls.Count));

        Assert.Equal(new ChatEvent.Content(cut), Translate(ToolUse.Client, streaming: false, steps)[0]);
    }

    private static ChatEvent.Ended Ended(IReadOnlyList<ChatEvent> events) => Assert.IsType<ChatEvent.Ended>(events[^1]);

    private static List<ChatEvent> Translate(ToolUse use, bool streaming, params AnswerEvent[] steps)
    {
        var spec = new RequestSpec("m", "t", "g", [], new GenerationOptions(1, 0, 1, 0, 0, []), use, ["calculator"], [], 0);
        var translator = new ChatTranslator("r", spec, ChatFormats.For(null, ChatTokens.None, new ChatFormatChoice("chatml")), streaming);
        return [.. steps.SelectMany(translator.Translate)];
    }
}
