using System.Collections.Immutable;
using System.Text;
using Pharos.Gateway.Access;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Bench.Faults.Running;

/// <summary>What a client does besides asking.</summary>
/// <param name="ArrivesAt">Virtual seconds.</param>
/// <param name="VanishesAfter">Characters of text after which its connection is gone; null: it stays.</param>
/// <param name="NeverReturns">It does not bring the results of its tools.</param>
/// <param name="ToolSeconds">How long its own tools take.</param>
internal sealed record Behaviour(double ArrivesAt, int? VanishesAfter, bool NeverReturns, double ToolSeconds);

/// <summary>
/// Has one conversation through a gateway, retrying what the gateway refuses for now, as client libraries do. Compares all it sees, when it sees
/// it, with the text that nothing disturbed.
/// </summary>
internal sealed class Client(World world, Gateway gateway, Conversation conversation, Behaviour behaviour, IReadOnlyList<Answer>? reference)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private const int MostAnswers = 3; // then it leaves the request parked: contexts must fit the smallest device
    private readonly List<Answer> answers = [];

    public IReadOnlyList<Answer> Answers => answers;

    public string Name => $"conversation {conversation.Number} ({conversation.Kind}, tools {conversation.Fate})";

    public bool IsDone { get; private set; }

    public async Task Run()
    {
        await world.Delay(behaviour.ArrivesAt);
        ImmutableArray<ChatMessage> messages = [conversation.Question()];
        while (await AskPatiently(messages) is { } answer)
        {
            answers.Add(answer);
            if (answer.Ended != nameof(SegmentEndReason.ToolCalls) || behaviour.NeverReturns || answers.Count == MostAnswers)
                break;
            await world.Delay(behaviour.ToolSeconds);
            messages =
            [
                .. messages,
                ChatMessage.Assistant(answer.Text, answer.Calls),
                .. answer.Calls.Select(call => ChatMessage.Tool(call.Id, FaultyTools.Content(call.Name, call.Arguments, conversation.Fate))),
            ];
        }

        IsDone = true;
        world.Watch.Note($"{Name} is done");
    }

    /// <summary>Null when it has left.</summary>
    private async Task<Answer?> AskPatiently(ImmutableArray<ChatMessage> messages)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await Ask(messages);
            }
            catch (ApiException refused) when (refused.Error.RetryAfterSeconds is not null && attempt < 30)
            {
                await Task.Delay(RetryDelay, world.Time);
            }
        }
    }

    private async Task<Answer?> Ask(ImmutableArray<ChatMessage> messages)
    {
        world.Tally.Requests++;
        await using var started = await gateway.Starter.Start(conversation.Ask(messages), Caller.Anonymous, CancellationToken.None);
        var (answer, fromNotice) = (started[0].Stream, started[0].FromNotice);
        world.Watch.Note($"{Name} is {answer.Request}");
        world.Tools.Decide(answer.Request, conversation.Fate);
        var text = new StringBuilder();
        var calls = ImmutableArray<ToolCall>.Empty;
        await foreach (var step in answer.Read(fromNotice, CancellationToken.None))
        {
            switch (step)
            {
                case AnswerEvent.Text { Value: var piece }:
                    text.Append(piece);
                    world.Tally.Tokens += piece.Length;
                    world.Watch.Note($"{answer.Request} says {piece}");
                    Compare(text.ToString());
                    if (text.Length >= behaviour.VanishesAfter)
                    {
                        world.Tally.Count(FaultKind.ClientVanishes);
                        return null;
                    }

                    break;
                case AnswerEvent.SegmentEnded { End: var end }:
                    calls = end.Calls;
                    break;
                case AnswerEvent.Ended { Reason: var reason }:
                    IsWritten(answer.Request, calls);
                    return Ended(new Answer(text.ToString(), reason.ToString(), [.. calls.Select(call => new ChatToolCall(call.Id, call.Name, call.Arguments))]));
                case AnswerEvent.Failed { Because: var because }:
                    world.Tally.Violated($"{Name}: answer {answers.Count} of {answer.Request} failed after {text.Length} characters: {because}");
                    return Ended(new Answer(text.ToString(), because, []));
            }
        }

        world.Tally.Violated($"{Name}: {answer.Request} ended without a word");
        return null;
    }

    // Whoever is told of an end may leave it to the cluster to know of it, whatever is lost next.
    private void IsWritten(string request, ImmutableArray<ToolCall> calls)
    {
        if (world.Stored(request) is not { } state)
            return; // it was told late, and retention is over
        var knows = calls.IsEmpty || conversation.Kind != ConversationKind.ClientTools
            ? state.Phase == RequestPhase.Finished
            : state.Pauses.Any(pause => pause.Calls.Select(call => call.Id).SequenceEqual(calls.Select(call => call.Id)));
        if (!knows)
            world.Tally.Violated($"{Name}: the client was told that answer {answers.Count} of {request} has ended, and what is stored is {state.Phase}");
    }

    private Answer Ended(Answer answer)
    {
        world.Watch.Note($"{Name}: {answer.Ended}");
        if (behaviour.NeverReturns && answer.Ended == nameof(SegmentEndReason.ToolCalls))
            world.Tally.Count(FaultKind.ClientVanishes);
        if (reference is null)
            return answer;
        if (answers.Count >= reference.Count)
            world.Tally.Violated($"{Name}: has answer {answers.Count}, undisturbed there are {reference.Count}");
        else if (reference[answers.Count].Shape != answer.Shape)
            world.Tally.Violated($"{Name}: answer {answers.Count} is\n    {answer.Shape}\n  undisturbed it is\n    {reference[answers.Count].Shape}");
        return answer;
    }

    private void Compare(string text)
    {
        if (reference is not null && answers.Count < reference.Count && !reference[answers.Count].Text.StartsWith(text, StringComparison.Ordinal))
            world.Tally.Violated($"{Name}: answer {answers.Count} says\n    {text}\n  undisturbed it says\n    {reference[answers.Count].Text}");
    }
}
