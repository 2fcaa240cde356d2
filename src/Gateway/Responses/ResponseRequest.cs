using System.Collections.Immutable;
using System.Text.Json;
using Pharos.Gateway.Chat;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Responses;

/// <summary>A request of the Responses API, and what of it the response repeats.</summary>
/// <param name="Chat">What is asked of the model; without what an earlier response brings along.</param>
/// <param name="Instructions">Said first, and to this response alone; null: none.</param>
/// <param name="Previous">The response whose conversation goes on; null: none.</param>
/// <param name="Store">It may be asked for again.</param>
internal sealed record ResponseRequest(ChatRequest Chat, string? Instructions, string? Previous, bool Store, ResponseEcho Echo)
{
    /// <summary>The whole conversation, instructions left out.</summary>
    /// <param name="earlier">What the earlier response and those before it said.</param>
    public ImmutableArray<ChatMessage> Conversation(ImmutableArray<ChatMessage> earlier) => [.. earlier, .. Chat.Messages];

    /// <summary>The request in full.</summary>
    public ChatRequest ChatWith(ImmutableArray<ChatMessage> conversation) =>
        Chat with { Messages = Instructions is null ? conversation : [ChatMessage.System(Instructions), .. conversation] };
}

/// <summary>Fields of a request that its response repeats as they came.</summary>
internal sealed record ResponseEcho(
    JsonElement ToolChoice, JsonElement Tools, JsonElement Text, JsonElement Reasoning, JsonElement Metadata, string? User, int? MaxOutputTokens, float? Temperature, float? TopP,
    int TopLogprobs, bool ParallelToolCalls);
