using System.Collections.Immutable;

namespace Pharos.Inference.Chat;

/// <summary>One message of a conversation, already checked: what a chat format renders and a transcript hash covers.</summary>
/// <param name="Content">Text; empty for an assistant message that only calls tools.</param>
/// <param name="ToolCalls">Calls of an assistant message, in order.</param>
/// <param name="ToolCallId">The call that a tool message answers.</param>
public sealed record ChatMessage(ChatRole Role, string Content, ImmutableArray<ChatToolCall> ToolCalls, string? ToolCallId)
{
    public static ChatMessage System(string content) => new(ChatRole.System, content, [], null);

    public static ChatMessage User(string content) => new(ChatRole.User, content, [], null);

    public static ChatMessage Assistant(string content, params ImmutableArray<ChatToolCall> calls) => new(ChatRole.Assistant, content, calls, null);

    public static ChatMessage Tool(string callId, string content) => new(ChatRole.Tool, content, [], callId);
}

public enum ChatRole
{
    System,
    User,
    Assistant,
    Tool,
}

/// <param name="Arguments">JSON text as the client sent it back.</param>
public sealed record ChatToolCall(string Id, string Name, string Arguments);

/// <summary>A tool the model may call.</summary>
/// <param name="Schema">JSON schema of its arguments, as text.</param>
/// <param name="Strict">Arguments keep the schema whatever the model would rather say.</param>
public sealed record ChatTool(string Name, string Description, string Schema, bool Strict = false);
