using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Chat;

/// <summary>How one family of models writes conversations and tool calls. Stateless.</summary>
public interface IChatFormat
{
    /// <summary>Name of the family, for logs.</summary>
    string Name { get; }

    /// <summary>The conversation, and the start of the assistant's turn that is to be generated.</summary>
    ImmutableArray<PromptPiece> Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools);

    /// <summary>
    /// Exactly what follows the sampled tokens of a turn that called tools (they end with the end-of-turn token) until the model goes on:
    /// the rest of its turn, the results, the start of the next turn.
    /// </summary>
    ImmutableArray<PromptPiece> RenderToolTurn(IReadOnlyList<ToolResult> results);

    /// <summary>A parser for one generated segment; calls to tools that are not in <paramref name="offered"/> are text.</summary>
    ToolCallParser CreateParser(IEnumerable<string> offered);
}

/// <summary>Chooses the chat format by what the model's own template writes.</summary>
public static class ChatFormats
{
    /// <exception cref="NotSupportedException">No family that we write is recognised.</exception>
    public static IChatFormat For(string? chatTemplate) => chatTemplate switch
    {
        not null when chatTemplate.Contains(ChatMlFormat.TurnStart, StringComparison.Ordinal) => new ChatMlFormat(),
        null => throw new NotSupportedException("The model's tokenizer_config.json has no chat_template; expected a ChatML template (it holds <|im_start|>)."),
        _ => throw new NotSupportedException("The model's chat_template is of no known family; expected a ChatML template (it holds <|im_start|>)."),
    };
}
