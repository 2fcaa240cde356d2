using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>What a chat client is to be shown, step by step: the answer in the terms of the protocol.</summary>
internal abstract record ChatEvent
{
    /// <param name="Logprobs">Of the next tokens, where they were asked for; their text may follow later.</param>
    public sealed record Content(string Text, IReadOnlyList<TokenLogprob>? Logprobs = null) : ChatEvent;

    /// <param name="Index">Place among the calls of the response.</param>
    public sealed record CallStarted(int Index, string Id, string Name) : ChatEvent;

    public sealed record CallArguments(int Index, string Fragment) : ChatEvent;

    /// <summary>The cluster itself calls a tool.</summary>
    public sealed record ServerCall(ToolCall Call) : ChatEvent;

    public sealed record ServerResult(ToolResult Result) : ChatEvent;

    /// <summary>Nothing follows.</summary>
    /// <param name="FinishReason">In OpenAI's words.</param>
    /// <param name="Calls">The client's calls, where the answer ended in some.</param>
    public sealed record Ended(string FinishReason, IReadOnlyList<ToolCall> Calls, RequestUsage Usage) : ChatEvent;

    /// <summary>Nothing follows.</summary>
    public sealed record Failed(string Because, bool TooLarge, double? RetryAfterSeconds = null) : ChatEvent;
}
