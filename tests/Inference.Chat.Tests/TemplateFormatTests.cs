using Pharos.Inference.Chat.Tests.Jinja;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Chat.Tests;

public sealed class TemplateFormatTests
{
    private static readonly ChatTokens Tokens =
        new([new("bos_token", "<s>"), new("eos_token", "</s>")], ["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "</s>"], []);

    private static readonly ChatTool Calculator = new("calculator", "Sums up.", """{"type":"object","properties":{"expression":{"type":"string"}}}""");

    public static TheoryData<string, string> All => new()
    {
        { "chatml", "hermes" }, { "llama3", "llama3" }, { "mistral", "mistral" }, { "gemma", "fenced" },
        { "qwen-shape", "hermes" }, { "llama-shape", "llama3" }, { "mistral-shape", "mistral" }, { "gemma-shape", "fenced" },
    };

    [Theory]
    [MemberData(nameof(All))]
    public void ToolCalls_AreWrittenAsTheFamilyParsesThem(string template, string markup)
    {
        var format = Format(template);
        Assert.Equal(markup, format.Markup.Name);
        ChatMessage[] messages = [ChatMessage.User("Go."), ChatMessage.Assistant("", Call("call_r_9_0", "1+1"))];
        var before = Text(format.Render(messages[..1], [Calculator]));
        var after = Text(format.Render(messages, [Calculator]));

        // What the template writes for the model's turn is what the model would have said.
        var turn = after[before.AsSpan().CommonPrefixLength(after)..];
        var end = Tokens.Ends.Select(token => turn.IndexOf(token, StringComparison.Ordinal)).Where(at => at >= 0).Min();
        var segment = ToolCallParser.Parse(turn[..end], ["calculator"], format.Markup);
        Assert.Equal(("calculator", """{"expression": "1+1"}"""), segment.Calls.Select(call => (call.Name, call.Arguments)).Single());
        Assert.DoesNotContain("calculator", segment.Content); // some begin the turn with an empty thought
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Offered_ToolsStandInThePrompt(string template, string markup)
    {
        _ = markup;
        var prompt = Text(Format(template).Render([ChatMessage.System("Be brief."), ChatMessage.User("Go.")], [Calculator]));
        Assert.All(["calculator", "Sums up.", "expression", "Be brief.", "Go."], part => Assert.Contains(part, prompt));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void ToolTurn_AfterSampledTokens_ContinuesAsTheRenderedTranscript(string template, string markup)
    {
        _ = markup;
        var format = Format(template);
        foreach (var content in new[] { "2", "{\"a\": \"<|im_end|>\"}", "" })
        {
            var whole = Text(format.Render([ChatMessage.User("Go."), ChatMessage.Assistant("", Call("call_r_9_0", "1+1")), ChatMessage.Tool("call_r_9_0", content)], []));
            var turn = format.RenderToolTurn([new ToolResult("call_r_9_0", "calculator", content, 0.1, false)]);
            Assert.EndsWith(Text(turn), whole);
            var sampled = whole[..^Text(turn).Length];
            Assert.Contains(Tokens.Ends, token => sampled.EndsWith(token, StringComparison.Ordinal));
            Assert.Contains("1+1", sampled);
            Assert.True(content.Length == 0 || turn.Any(piece => !piece.IsControl && piece.Text.Contains(content[..1], StringComparison.Ordinal)));
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void SeveralResults_StandInOneToolTurn(string template, string markup)
    {
        _ = markup;
        var turn = Text(Format(template).RenderToolTurn([new ToolResult("call_1", "calculator", "first result", 0.1, false), new ToolResult("call_2", "get_time", "second result", 0.1, false)]));
        Assert.InRange(turn.IndexOf("first result", StringComparison.Ordinal), 0, turn.IndexOf("second result", StringComparison.Ordinal));
        Assert.DoesNotContain("pharos-call-ends", turn);
    }

    [Fact]
    public void ParallelCalls_WhereTheTemplateTakesOneAtATime_StandInTurnsOfTheirOwn()
    {
        var prompt = Text(Format("llama-shape").Render(
            [ChatMessage.User("Go."), ChatMessage.Assistant("", Call("a", "1+1"), Call("b", "2+2")), ChatMessage.Tool("a", "2"), ChatMessage.Tool("b", "4")], []));
        Assert.Equal(3, prompt.Split("<|start_header_id|>assistant").Length - 1); // two calls, and the turn to come
        Assert.True(prompt.IndexOf("1+1", StringComparison.Ordinal) < prompt.IndexOf("2+2", StringComparison.Ordinal));
    }

    [Fact]
    public void Model_WithoutATemplate_IsWrittenByTheFamilyItsTokensShow()
    {
        Assert.StartsWith("gemma,", ChatFormats.For(null, Tokens with { All = ["<bos>", "<start_of_turn>"] }).Name);
        var unknown = Assert.Throws<NotSupportedException>(() => ChatFormats.For(null, Tokens));
        Assert.Contains("Pharos:Chat:Template", unknown.Message);
        Assert.Contains("chatml, llama3", unknown.Message);
    }

    [Fact]
    public void Template_WithWhatIsNotSupported_IsRefusedByName()
    {
        var refused = Assert.Throws<NotSupportedException>(() => ChatFormats.For("{% for m in messages %}\n{% include 'x' %}{% endfor %}", Tokens));
        Assert.StartsWith("Chat template, line 2, column 4: the statement 'include' is not supported.", refused.Message);
        Assert.Contains("fails on a single question", Assert.Throws<NotSupportedException>(() => ChatFormats.For("{{ messages[7].content.x }}", Tokens)).Message);
    }

    [Fact]
    public void Operator_ChoosesTemplateAndToolFormat()
    {
        var format = ChatFormats.For("{{ broken", Tokens, new ChatFormatChoice("llama3", "fenced"));
        Assert.Equal("llama3, tool calls as fenced", format.Name);
        Assert.Contains("auto, hermes, llama3, mistral, fenced", Assert.Throws<NotSupportedException>(() => ChatFormats.For(null, Tokens, new ChatFormatChoice("chatml", "xml"))).Message);
    }

    private static ChatToolCall Call(string id, string sum) => new(id, "calculator", $$"""{"expression": "{{sum}}"}""");

    private static IChatFormat Format(string template) => ChatFormats.Families.Contains(template)
        ? ChatFormats.For(null, Tokens, new ChatFormatChoice(template))
        : ChatFormats.For(Goldens.Template(template + ".jinja"), Tokens);

    private static string Text(IEnumerable<PromptPiece> pieces) => string.Concat(pieces.Select(piece => piece.Text));
}
