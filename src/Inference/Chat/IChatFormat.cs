using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Chat;

/// <summary>How one family of models writes conversations and tool calls. Stateless.</summary>
public interface IChatFormat
{
    /// <summary>Name of the family, for logs.</summary>
    string Name { get; }

    /// <summary>How the model writes calls of tools.</summary>
    ToolMarkup Markup { get; }

    /// <summary>The conversation, and the start of the assistant's turn that is to be generated.</summary>
    /// <exception cref="Jinja.JinjaException">The model's template can't write it, or refuses it.</exception>
    ImmutableArray<PromptPiece> Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools);

    /// <summary>
    /// Exactly what follows the sampled tokens of a turn that called tools (they end with the end-of-turn token) until the model goes on:
    /// the rest of its turn, the results, the start of the next turn.
    /// </summary>
    ImmutableArray<PromptPiece> RenderToolTurn(IReadOnlyList<ToolResult> results);

    /// <summary>A parser for one generated segment; calls to tools that are not in <paramref name="offered"/> are text.</summary>
    ToolCallParser CreateParser(IEnumerable<string> offered);
}
