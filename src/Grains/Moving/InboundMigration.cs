using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pharos.Grains.Devices;
using Pharos.Scheduling.Migration;

namespace Pharos.Grains.Moving;

/// <summary>
/// The shell around <see cref="MigrationCore"/>, at the worker that fetches: effects become calls to the source, the device and the request, and
/// their answers events. Runs beside the worker grain's turns and always ends: every call is bounded, and so is the whole.
/// </summary>
internal partial class InboundMigration(ArrivingSequence arrival, MigrationOffer offer, MigrationParties parties)
{
    /// <summary>More than a large cache takes on a slow network; a sequence that stands still has a shorter lease of its own.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(20);
    private const int OwnerAttempts = 4;
    private readonly Channel<MigrationEvent> events = Channel.CreateUnbounded<MigrationEvent>();
    private readonly MigrationOrder order = arrival.Order;
    private readonly MigrationCore core = new(offer, MigrationLimits.For(parties.Loop.PieceTokens));
    private readonly long began = parties.Time.GetTimestamp();
    private Departure? departure;
    private long leftAt;

    public async Task Run()
    {
        using var deadline = new CancellationTokenSource(Longest, parties.Time);
        await using var late = deadline.Token.Register(() => events.Writer.TryWrite(new MigrationEvent.Broken("it took too long")));
        try
        {
            await Carry(core.Begin());
            while (!core.IsOver)
                await Carry(core.Handle(await events.Reader.ReadAsync()));
        }
        catch (Exception failure) // the device has closed: all that was here is gone with it
        {
            Failed(parties.Log, order.Request, order.Source, parties.Worker, failure);
            await Carry(core.Handle(new MigrationEvent.Broken(failure.Message)));
        }
    }

    private async Task Carry(IReadOnlyList<MigrationEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case MigrationEffect.Fetch fetch: Fetch(fetch).Forget(); break;
                case MigrationEffect.TakeLeave take: TakeLeave(take).Forget(); break;
                case MigrationEffect.AskOwner: AskOwner().Forget(); break;
                case MigrationEffect.Adopt adopt: await Adopt(adopt.Cached); break;
                case MigrationEffect.LetStay: parties.Source.Stay(order.Request, order.SourceEpoch).Forget(); break;
                case MigrationEffect.Drop drop: await Drop(drop.Because); break;
            }
        }
    }

    private async Task Fetch(MigrationEffect.Fetch fetch)
    {
        try
        {
            if (fetch.Attempt > 1)
                await Task.Delay(RetryDelay * fetch.Attempt, parties.Time);
            Tell(await parties.Source.Export(order.Request, order.SourceEpoch, fetch.First, fetch.Most) is not { } piece
                ? new MigrationEvent.Broken($"{order.Source} has it no more")
                : piece.Tokens == 0 ? new MigrationEvent.Fetched(fetch.First, 0, piece.Computed)
                : await parties.Loop.Import(arrival, piece) switch
                {
                    PieceOutcome.Taken => new MigrationEvent.Fetched(fetch.First, piece.Tokens, piece.Computed),
                    PieceOutcome.Damaged => new MigrationEvent.FetchFailed(fetch.First, "it came damaged"),
                    PieceOutcome.NoRoom => new MigrationEvent.Broken($"{parties.Worker} has no room any more"),
                    _ => new MigrationEvent.Broken("it was called off"),
                });
        }
        catch (Exception failure)
        {
            Tell(new MigrationEvent.FetchFailed(fetch.First, failure.Message));
        }
    }

    protected virtual async Task TakeLeave(MigrationEffect.TakeLeave take)
    {
        try
        {
            leftAt = parties.Time.GetTimestamp();
            departure = await parties.Source.TakeLeave(order.Request, order.SourceEpoch, take.First, take.Most);
            Tell(departure is null
                ? new MigrationEvent.Broken($"{order.Source} has it no more")
                : new MigrationEvent.Left(departure.State.Computed, departure.Last?.Tokens ?? 0));
        }
        catch (Exception failure)
        {
            Tell(new MigrationEvent.Broken($"{order.Source} does not let it go: {failure.Message}")); // if it has stopped there, it goes on there soon
        }
    }

    // Asked again where the answer is lost: the request may have agreed, and nobody else has the sequence then.
    protected virtual async Task AskOwner()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var state = departure!.State;
                var refusal = await parties.Request.TakeOver(parties.Worker, order.Epoch, state.IsParked, state.Work.SegmentStart);
                Tell(new MigrationEvent.OwnerAnswered(refusal is null, refusal ?? ""));
                return;
            }
            catch (Exception failure) when (attempt < OwnerAttempts)
            {
                NotAnswered(parties.Log, order.Request, parties.Worker, failure);
                await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt), parties.Time);
            }
            catch (Exception failure)
            {
                Tell(new MigrationEvent.Broken($"the request does not answer: {failure.Message}"));
                return;
            }
        }
    }

    protected virtual async Task Adopt(int cached)
    {
        var adopted = await parties.Loop.Adopt(arrival, departure!, cached);
        Ended(adopted ? "done" : "lost");
        if (adopted)
            Moved(parties.Log, order.Request, order.Source, parties.Worker, cached, parties.Time.GetElapsedTime(began).TotalMilliseconds, parties.Time.GetElapsedTime(leftAt).TotalMilliseconds);
        else if (departure is { State.IsParked: false })
            await parties.Request.WorkerLost(parties.Worker, order.Epoch, [], byReader: false); // it was given to this parties.Worker, which has dropped it
    }

    protected virtual async Task Drop(string because)
    {
        Ended("aborted");
        Stays(parties.Log, order.Request, order.Source, parties.Worker, because);
        parties.Request.MoveFailed(order.Epoch, because).Forget();
        if (!parties.Loop.IsClosed)
            await parties.Loop.Drop(arrival);
    }

    protected void Ended(string outcome) => MigrationMetrics.Ended(order.Reason, outcome, parties.Time.GetElapsedTime(began));

    protected void Tell(MigrationEvent happened) => events.Writer.TryWrite(happened);

    [LoggerMessage(Level = LogLevel.Information, Message = "Request {Request} moved from {Source} to {Worker} with {Tokens} tokens of cache in {Milliseconds:F1} ms; it stood for {Stop:F1} ms of them.")]
    private static partial void Moved(ILogger log, string request, string source, string worker, int tokens, double milliseconds, double stop);

    [LoggerMessage(Level = LogLevel.Information, Message = "Request {Request} stays on {Source} and does not move to {Worker}: {Because}")]
    private static partial void Stays(ILogger log, string request, string source, string worker, string because);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Request {Request} has not answered yet whether it moves to {Worker}.")]
    private static partial void NotAnswered(ILogger log, string request, string worker, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The migration of request {Request} from {Source} to {Worker} broke off.")]
    private static partial void Failed(ILogger log, string request, string source, string worker, Exception failure);
}
