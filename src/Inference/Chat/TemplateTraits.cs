using System.Collections.Immutable;
using Pharos.Inference.Chat.Jinja;

namespace Pharos.Inference.Chat;

/// <summary>
/// What a chat template can write, found by trying it once: templates say nothing of themselves, and what one lacks is put into words that
/// it can write.
/// </summary>
/// <param name="System">A system message; else its text goes to the first user message.</param>
/// <param name="Calls">Calls of tools and their results; else both are written as ordinary text.</param>
/// <param name="ParallelCalls">Several calls in one message; else each has a message of its own.</param>
/// <param name="ShortIds">It insists on ids of nine letters and digits.</param>
internal sealed record TemplateTraits(bool System, bool Calls, bool ParallelCalls, bool ShortIds)
{
    private const string Mark = "pharosprobe";

    /// <param name="render">Messages and whether ids are to be short.</param>
    /// <exception cref="NotSupportedException">It can't write a single question.</exception>
    public static TemplateTraits Of(Func<IReadOnlyList<ChatMessage>, bool, ImmutableArray<PromptPiece>> render)
    {
        ChatMessage question = ChatMessage.User("Hello");
        try
        {
            render([question], false);
        }
        catch (JinjaException e)
        {
            throw new NotSupportedException($"The model's chat template fails on a single question. {e.Message}", e);
        }
        var shortIds = !WritesCall(false) && WritesCall(true);
        return new TemplateTraits(
            Writes(false, Mark, ChatMessage.System(Mark), question), WritesCall(shortIds),
            Writes(shortIds, Mark, question, ChatMessage.Assistant("", Call("call_1", "one"), Call("call_2", Mark)), ChatMessage.Tool("call_1", "1"), ChatMessage.Tool("call_2", "2")),
            shortIds);

        bool WritesCall(bool withShortIds) =>
            Writes(withShortIds, Mark, question, ChatMessage.Assistant("", Call("call_1", Mark)), ChatMessage.Tool("call_1", "1"))
            && Writes(withShortIds, Mark, question, ChatMessage.Assistant("", Call("call_1", "one")), ChatMessage.Tool("call_1", Mark));

        bool Writes(bool withShortIds, string wanted, params ChatMessage[] messages)
        {
            try
            {
                return render(messages, withShortIds).Any(piece => piece.Text.Contains(wanted, StringComparison.Ordinal));
            }
            catch (JinjaException)
            {
                return false;
            }
        }
    }

    /// <summary>The conversation in terms that the template can write.</summary>
    public IReadOnlyList<ChatMessage> Adapt(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools, ToolMarkup markup)
    {
        if (!Calls)
            messages = AsText(messages, tools, markup);
        else if (!ParallelCalls)
            messages = [.. messages.SelectMany(OneCallEach)];
        return System ? messages : WithoutSystem(messages);
    }

    private static List<ChatMessage> AsText(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools, ToolMarkup markup)
    {
        var adapted = new List<ChatMessage>();
        if (tools.Count > 0)
            adapted.Add(ChatMessage.System(markup.Instruct(tools)));
        var isResult = false; // the last message is one of results
        foreach (var message in messages)
        {
            var followsResult = isResult;
            isResult = message.Role == ChatRole.Tool;
            if (message.Role == ChatRole.System && adapted is [{ Role: ChatRole.System } before])
                adapted[0] = ChatMessage.System(message.Content + "\n\n" + before.Content);
            else if (isResult && followsResult)
                adapted[^1] = ChatMessage.User(adapted[^1].Content + "\n" + Result(message));
            else if (isResult)
                adapted.Add(ChatMessage.User(Result(message)));
            else if (!message.ToolCalls.IsEmpty)
                adapted.Add(ChatMessage.Assistant(message.Content.Length > 0 ? message.Content + "\n" + markup.Write(message.ToolCalls) : markup.Write(message.ToolCalls)));
            else
                adapted.Add(message);
        }
        return adapted;
    }

    private static string Result(ChatMessage message) => $"```tool_output\n{message.Content}\n```";

    private static IEnumerable<ChatMessage> OneCallEach(ChatMessage message) => message.ToolCalls.Length < 2
        ? [message]
        : message.ToolCalls.Select((call, i) => ChatMessage.Assistant(i == 0 ? message.Content : "", call));

    private static List<ChatMessage> WithoutSystem(IReadOnlyList<ChatMessage> messages)
    {
        var said = string.Join("\n\n", messages.Where(message => message.Role == ChatRole.System).Select(message => message.Content));
        var rest = messages.Where(message => message.Role != ChatRole.System).ToList();
        if (said.Length == 0)
            return rest;
        if (rest is [{ Role: ChatRole.User } first, ..])
            rest[0] = ChatMessage.User(said + "\n\n" + first.Content);
        else
            rest.Insert(0, ChatMessage.User(said));
        return rest;
    }

    private static ChatToolCall Call(string id, string name) => new(id, name, "{}");
}
