using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Pharos.Inference.Chat.Jinja;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Chat;

/// <summary>Writes conversations by a Jinja chat template: the model's own, or one of the built-in families.</summary>
internal sealed class TemplateFormat : IChatFormat
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private readonly JinjaTemplate template;
    private readonly ChatTokens tokens;
    private readonly TimeProvider time;
    private readonly TemplateTraits traits;

    /// <exception cref="JinjaException">The template uses what is not supported.</exception>
    /// <exception cref="NotSupportedException">It can't write a single question.</exception>
    public TemplateFormat(string name, string source, ToolMarkup markup, ChatTokens tokens, TimeProvider time)
    {
        (Name, Markup, this.tokens, this.time) = (name, markup, tokens, time);
        template = JinjaTemplate.Parse(source);
        traits = TemplateTraits.Of((messages, shortIds) => Render(messages, [], continues: true, shortIds));
    }

    public string Name { get; }

    public ToolMarkup Markup { get; }

    public ImmutableArray<PromptPiece> Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools) =>
        Render(traits.Adapt(messages, tools, Markup), traits.Calls ? tools : [], continues: true, traits.ShortIds);

    public ImmutableArray<PromptPiece> RenderToolTurn(IReadOnlyList<ToolResult> results)
    {
        // Templates write whole conversations. What follows the model's turn is what one of its own making has behind that turn's end.
        const string mark = "pharos-call-ends";
        var called = traits.ParallelCalls || !traits.Calls ? results.Count : 1;
        var arguments = $"{{\"a\": \"{mark}\"}}";
        var calls = results.Take(called).Select(result => new ChatToolCall(result.CallId, result.Name, arguments)).ToImmutableArray();
        List<ChatMessage> turn = [ChatMessage.User("."), ChatMessage.Assistant("", calls)];
        List<ChatMessage> whole = [.. turn, .. results.Select(result => ChatMessage.Tool(result.CallId, result.Content))];
        var pieces = Render(traits.Adapt(whole, [], Markup), [], continues: true, traits.ShortIds);
        var text = string.Concat(pieces.Select(piece => piece.Text));
        var at = 0;
        for (var i = 0; i < called; i++)
            at = text.IndexOf(mark, at, StringComparison.Ordinal) is >= 0 and var found ? found + mark.Length : at;
        var end = tokens.Ends.Select(token => (At: text.IndexOf(token, at, StringComparison.Ordinal), token.Length)).Where(found => found.At >= 0).Order().FirstOrDefault();
        if (end.Length > 0 && end.At < Position(text, results[0].Content, at))
            return From(pieces, end.At + end.Length);
        var before = string.Concat(Render(traits.Adapt(turn, [], Markup), [], continues: false, traits.ShortIds).Select(piece => piece.Text));
        return From(pieces, before.AsSpan().CommonPrefixLength(text));
    }

    public ToolCallParser CreateParser(IEnumerable<string> offered) => new(offered, Markup);

    private ImmutableArray<PromptPiece> Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools, bool continues, bool shortIds)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = ChatValues.Of(messages, shortIds ? ShortId : static id => id),
            ["tools"] = ChatValues.Of(tools),
            ["documents"] = null,
            ["add_generation_prompt"] = continues,
        };
        foreach (var (name, token) in tokens.Named)
            values[name] = MarkedText.Own(token);
        return template.Render(values, time.GetUtcNow());
    }

    /// <summary>Nine letters and digits that stand for an id.</summary>
    private static string ShortId(string id)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(id));
        return string.Concat(hash.Take(9).Select(value => Letters[value % Letters.Length]));
    }

    private static int Position(string text, string content, int from) =>
        content.Length > 0 && text.IndexOf(content, from, StringComparison.Ordinal) is >= 0 and var found ? found : text.Length;

    private static ImmutableArray<PromptPiece> From(ImmutableArray<PromptPiece> pieces, int start)
    {
        var rest = ImmutableArray.CreateBuilder<PromptPiece>();
        foreach (var piece in pieces)
        {
            if (start < piece.Text.Length)
                rest.Add(piece with { Text = piece.Text[start..] });
            start = Math.Max(0, start - piece.Text.Length);
        }
        return rest.ToImmutable();
    }
}
