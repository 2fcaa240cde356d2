using Pharos.Gateway.Models;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>The chunks of one response.</summary>
internal sealed class ChatChunks(string id, long created, Func<string> model, TokenTexts tokens)
{
    /// <summary>The role, before anything else of an answer.</summary>
    public ChatChunk First(int answer) => Chunk(answer, new ChunkDelta(Role: "assistant", Content: ""));

    /// <summary>Null for steps that have no chunk.</summary>
    public ChatChunk? Of(int answer, ChatEvent step) => step switch
    {
        ChatEvent.Content { Text: var text, Logprobs: var logprobs } => Chunk(
            answer, new ChunkDelta(Content: text.Length > 0 ? text : null), logprobs: logprobs is null ? null : ChatLogprobs.Of(logprobs, tokens)),
        ChatEvent.CallStarted start => Chunk(answer, Call(new ChunkCall(start.Index, start.Id, "function", new ChunkFunction(start.Name, "")))),
        ChatEvent.CallArguments arguments => Chunk(answer, Call(new ChunkCall(arguments.Index, null, null, new ChunkFunction(null, arguments.Fragment)))),
        ChatEvent.Ended { FinishReason: var reason } => Chunk(answer, new ChunkDelta(), reason),
        _ => null,
    };

    /// <summary>The last chunk of a client that asked for usage: no choices.</summary>
    public ChatChunk Usage(RequestUsage usage) => new(id, "chat.completion.chunk", created, model(), [], ChatUsage.Of(usage));

    private static ChunkDelta Call(ChunkCall call) => new(ToolCalls: [call]);

    private ChatChunk Chunk(int answer, ChunkDelta delta, string? finishReason = null, ChatLogprobs? logprobs = null) =>
        new(id, "chat.completion.chunk", created, model(), [new ChunkChoice(answer, delta, logprobs, finishReason)], null);
}
