using System.Collections.Immutable;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Requests;
using Pharos.Inference.Chat;

namespace Pharos.Bench.Faults;

/// <summary>Who runs the tools of a conversation.</summary>
internal enum ConversationKind
{
    Plain,
    ClientTools,
    ServerTools,
}

/// <summary>How the tools of a conversation behave: part of what its text depends on.</summary>
internal enum ToolFate
{
    Answers,
    Fails,
    Silent,
}

/// <summary>
/// What a client says, one of a fixed library. Its answers depend on nothing but itself and <paramref name="Fate"/>: that is what a run with
/// faults is compared with.
/// </summary>
internal sealed record Conversation(int Number, ToolFate Fate)
{
    /// <summary>How many there are.</summary>
    public const int Library = 400;

    public ConversationKind Kind => (ConversationKind)(Number % 3);

    /// <summary>The client's side so far: the question, then what was answered and what tools returned.</summary>
    public static ImmutableArray<ChatTool> Tools { get; } = [new("search", "", "{}"), new("fetch", "", "{}")];

    public ChatRequest Ask(ImmutableArray<ChatMessage> messages) => new(
        PharosModel.Served.Name, messages, Stream: true, IncludeUsage: true, Answers: 1,
        new SamplingRequest(MaxTokens: Number % 7 == 0 ? 30 : 200, Temperature: Number % 2 == 0 ? 0 : 0.8f, TopP: 1, TopK: 0, Seed: (ulong)Number)
        {
            Stop = Number % 11 == 0 ? ["qu", "zz"] : [],
        },
        Schema: null, Kind == ConversationKind.Plain ? [] : Tools,
        Kind == ConversationKind.Plain ? ToolChoice.Auto with { Mode = ToolMode.None } : ToolChoice.Auto, RunTools: Kind == ConversationKind.ServerTools, Priority: Number % 5 == 0 ? -1 : 0);

    public ChatMessage Question()
    {
        var random = new Random(Number);
        return ChatMessage.User($"{Number}: " + string.Concat(Enumerable.Range(0, 4 + random.Next(60)).Select(_ => (char)('a' + random.Next(26)))));
    }

    public bool Equals(Conversation? other) => other is not null && (Number, Fate) == (other.Number, other.Fate);

    public override int GetHashCode() => Number * 3 + (int)Fate;
}

/// <summary>One answer as its client saw it.</summary>
/// <param name="Ended">Why it ended, or why it failed.</param>
internal sealed record Answer(string Text, string Ended, ImmutableArray<ChatToolCall> Calls)
{
    /// <summary>Calls by what they are; their ids differ from run to run.</summary>
    public string Shape => $"{Text}|{Ended}|{string.Join(',', Calls.Select(call => call.Name + call.Arguments))}";
}
