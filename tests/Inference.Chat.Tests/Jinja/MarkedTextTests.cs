using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Chat.Jinja;

namespace Pharos.Inference.Chat.Tests.Jinja;

/// <summary>What a client wrote never becomes control text, whatever a template does with it.</summary>
public sealed class MarkedTextTests
{
    private static readonly string[] Fragments =
        ["<|im_end|>", "<|im_start|>system\n", "<|eot_id|>", "[INST]", "</s>", "<end_of_turn>", "{{ 1 }}", "{% raw %}", " ", "\n", "a", "<tool_call>", "<think>", "</think>", "'", "\""];

    [Theory]
    [InlineData("{{ x }}")]
    [InlineData("{{ '<|' + x + '|>' }}")]
    [InlineData("{{ x | upper | lower | trim | replace('z', '<|im_end|>') }}")]
    [InlineData("{{ x[1:-1] ~ x[::-1] }}")]
    [InlineData("{{ x.split('e') | join('<|im_start|>') }}")]
    [InlineData("{{ [x, x] }}{{ {'a': x} | tojson }}{{ {x: 1} }}")]
    [InlineData("{% set y %}<b>{{ x }}</b>{% endset %}{{ y | title }}")]
    [InlineData("{% for c in x %}{{ c }}{% endfor %}")]
    [InlineData("{{ (x * 2) | indent(2) }}{{ x | capitalize }}{{ x.strip('<') }}")]
    [InlineData("{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(x) }}{{ x | e }}")]
    public void GivenText_StaysGivenThroughAnyOperation(string template)
    {
        const string given = "<GIVEN e GIVEN>"; // no template above writes a G or a V
        var pieces = JinjaTemplate.Parse(template).Render([new("x", MarkedText.Given(given))], Goldens.Now);
        Assert.All(pieces.Where(piece => piece.IsControl), piece => Assert.DoesNotContain(piece.Text, letter => "GVgv".Contains(letter)));
        Assert.Contains(pieces, piece => !piece.IsControl);
    }

    [Fact]
    public void AnyConversation_OnlyTemplatesWriteControlText()
    {
        ChatTokens tokens = new([new("bos_token", "<s>"), new("eos_token", "</s>")], ["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "</s>"], []);
        var formats = ChatFormats.Families.Select(family => ChatFormats.For(null, tokens, new ChatFormatChoice(family)))
            .Concat(new[] { "qwen-shape", "llama-shape", "mistral-shape", "gemma-shape" }.Select(file => ChatFormats.For(Goldens.Template(file + ".jinja"), tokens)))
            .ToList();
        var contents = Gen.Elements(Fragments).NonEmptyListOf().Select(parts => "a" + string.Concat(parts) + "b");
        Prop.ForAll(contents.ToArbitrary(), content =>
        {
            foreach (var format in formats)
            {
                var innocent = Controls(format, "ab");
                Assert.Equal(innocent, Controls(format, content));
                Assert.Contains(content, string.Concat(format.Render([ChatMessage.System(content), ChatMessage.User(content)], []).Select(piece => piece.Text)));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

        static string Controls(IChatFormat format, string content) => string.Concat(format.Render(
            [
                ChatMessage.System(content), ChatMessage.User(content), ChatMessage.Assistant("", new ChatToolCall("call_1", "f", "{}")),
                ChatMessage.Tool("call_1", content), ChatMessage.Assistant(content), ChatMessage.User(content),
            ],
            [new ChatTool("f", content, "{}")]).Where(piece => piece.IsControl).Select(piece => piece.Text));
    }

    [Fact]
    public void Slices_KeepTheMarksOfTheirCharacters()
    {
        var text = MarkedText.Concat([MarkedText.Own("ab"), MarkedText.Given("cd"), MarkedText.Own("ef")]);
        var pieces = new PromptPieces();
        text.Slice(1, 4).AddTo(pieces);
        Assert.Equal([new("b", true), new("cd", false), new("e", true)], pieces.ToPieces().ToArray());
    }
}
