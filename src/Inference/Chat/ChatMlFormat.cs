using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Chat;

/// <summary>
/// ChatML turns with Hermes tool markup. Tools are not listed in the prompt: the models of this family that we serve know their
/// tools from training, and their template lists none.
/// </summary>
public sealed class ChatMlFormat : IChatFormat
{
    public const string TurnStart = "<|im_start|>";
    public const string TurnEnd = "<|im_end|>";

    public string Name => "chatml-hermes";

    public ImmutableArray<PromptPiece> Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools)
    {
        var pieces = new PromptPieces();
        foreach (var message in messages)
        {
            if (message.Role == ChatRole.Tool)
                ToolResponse(pieces, message.Content);
            else
                Turn(pieces, message);
        }
        return StartAssistant(pieces).ToPieces();
    }

    public ImmutableArray<PromptPiece> RenderToolTurn(IReadOnlyList<ToolResult> results)
    {
        var pieces = new PromptPieces().Text("\n");
        foreach (var result in results)
            ToolResponse(pieces, result.Content);
        return StartAssistant(pieces).ToPieces();
    }

    public ToolCallParser CreateParser(IEnumerable<string> offered) => new(offered);

    private static void Turn(PromptPieces pieces, ChatMessage message)
    {
        pieces.Control(TurnStart).Text(RoleName(message.Role) + "\n").Text(message.Content);
        foreach (var call in message.ToolCalls)
        {
            pieces.Control(ToolCallParser.OpenTag)
                .Text($"\n{{\"name\": \"{call.Name}\", \"arguments\": {call.Arguments}}}\n")
                .Control(ToolCallParser.CloseTag);
        }
        pieces.Control(TurnEnd).Text("\n");
    }

    private static void ToolResponse(PromptPieces pieces, string content) => pieces
        .Control(TurnStart).Text("user\n").Control("<tool_response>").Text("\n" + content + "\n").Control("</tool_response>" + TurnEnd).Text("\n");

    private static PromptPieces StartAssistant(PromptPieces pieces) => pieces.Control(TurnStart).Text("assistant\n");

    private static string RoleName(ChatRole role) => role switch
    {
        ChatRole.System => "system",
        ChatRole.User => "user",
        ChatRole.Assistant => "assistant",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "Tool results are rendered as a user turn of their own."),
    };
}
