using Pharos.Bench.Faults.Running;
using Pharos.Grains;

namespace Pharos.Bench.Faults;

/// <summary>The way between grains, and from gateways to them: a little slow always, worse while a fault lasts.</summary>
internal sealed class FaultyNetwork(Random random, Tally tally, Watch watch) : INetwork
{
    private static readonly string[] OfMigrations =
    [
        nameof(IWorkerGrain.Receive), nameof(IWorkerGrain.Offer), nameof(IWorkerGrain.Export), nameof(IWorkerGrain.TakeLeave), nameof(IWorkerGrain.Stay),
        nameof(IRequestGrain.Migrate), nameof(IRequestGrain.TakeOver), nameof(IRequestGrain.MoveFailed),
    ];

    private readonly SortedSet<string> cutOff = new(StringComparer.Ordinal);

    /// <summary>Shares of messages, 0 to 1, while the fault lasts.</summary>
    public double Lost { get; set; }

    public double AnswersLost { get; set; }

    /// <summary>Of the messages that migrations consist of.</summary>
    public double PiecesLost { get; set; }

    /// <summary>Of the words to free a sequence.</summary>
    public double ReleasesLate { get; set; }

    public double Doubled { get; set; }

    public double Delayed { get; set; }

    /// <summary>Nothing from there arrives, and no answer gets back.</summary>
    public void CutOff(string client, bool on)
    {
        if (on)
            cutOff.Add(client);
        else
            cutOff.Remove(client);
    }

    public MessageFate Send(in MessageInfo message)
    {
        watch.Sent(message);
        var delay = random.Next(3) == 0 ? TimeSpan.FromTicks(random.Next(30_000)) : TimeSpan.Zero; // up to 3 ms
        if (cutOff.Contains(message.From))
            return Fate(FaultKind.GatewayCutOff, MessageOutcome.IsLost, delay);
        // What the others know to be dead is refused by most of them.
        if (message.FromEvicted && random.Next(2) == 0)
            return new MessageFate(MessageOutcome.IsLost, delay);
        if (PiecesLost > 0 && OfMigrations.Any(message.Method.EndsWith) && Strikes(PiecesLost))
            return Fate(FaultKind.PieceLost, random.Next(2) == 0 ? MessageOutcome.IsLost : MessageOutcome.AnswerIsLost, delay);
        if (ReleasesLate > 0 && message.Method.EndsWith(nameof(IWorkerGrain.Release)) && Strikes(ReleasesLate))
            return Fate(FaultKind.ReleaseLate, MessageOutcome.ArrivesTwice, TimeSpan.FromMilliseconds(random.Next(2000)));
        if (Strikes(Lost))
            return Fate(FaultKind.MessagesLost, MessageOutcome.IsLost, delay);
        if (Strikes(AnswersLost))
            return Fate(FaultKind.AnswersLost, MessageOutcome.AnswerIsLost, delay);
        if (Strikes(Doubled))
            return Fate(FaultKind.MessagesDoubled, MessageOutcome.ArrivesTwice, delay + TimeSpan.FromMilliseconds(random.Next(400)));
        if (Strikes(Delayed))
            return Fate(FaultKind.MessagesDelayed, MessageOutcome.Arrives, TimeSpan.FromMilliseconds(random.Next(3000)));
        return new MessageFate(MessageOutcome.Arrives, delay);
    }

    private bool Strikes(double share) => share > 0 && random.NextDouble() < share;

    private MessageFate Fate(FaultKind kind, MessageOutcome outcome, TimeSpan delay)
    {
        tally.Count(kind);
        return new MessageFate(outcome, delay);
    }
}
