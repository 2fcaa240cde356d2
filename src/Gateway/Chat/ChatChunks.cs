using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>The chunks of one response.</summary>
internal sealed class ChatChunks(string id, long created, string model)
{
    /// <summary>The role, before anything else.</summary>
    public ChatChunk First() => Chunk(new ChunkDelta(Role: "assistant", Content: ""));

    /// <summary>Null for steps that have no chunk.</summary>
    public ChatChunk? Of(ChatEvent step) => step switch
    {
        ChatEvent.Content { Text: var text } => Chunk(new ChunkDelta(Content: text)),
        ChatEvent.CallStarted start => Chunk(Call(new ChunkCall(start.Index, start.Id, "function", new ChunkFunction(start.Name, "")))),
        ChatEvent.CallArguments arguments => Chunk(Call(new ChunkCall(arguments.Index, null, null, new ChunkFunction(null, arguments.Fragment)))),
        ChatEvent.Ended { FinishReason: var reason } => Chunk(new ChunkDelta(), reason),
        _ => null,
    };

    /// <summary>The last chunk of a client that asked for usage: no choices.</summary>
    public ChatChunk Usage(RequestUsage usage) => new(id, "chat.completion.chunk", created, model, [], ChatUsage.Of(usage));

    private static ChunkDelta Call(ChunkCall call) => new(ToolCalls: [call]);

    private ChatChunk Chunk(ChunkDelta delta, string? finishReason = null) =>
        new(id, "chat.completion.chunk", created, model, [new ChunkChoice(0, delta, null, finishReason)], null);
}
