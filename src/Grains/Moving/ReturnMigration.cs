using Pharos.Grains.Devices;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Moving;

/// <summary>
/// A request that comes back from its tools is this worker's already, and its cache is still elsewhere: once that is fetched, the sequence joins the
/// queue here. What cannot be fetched is computed.
/// </summary>
internal sealed class ReturnMigration(ArrivingSequence arrival, MigrationOffer offer, SequenceWork work, MigrationParties parties)
    : InboundMigration(arrival, offer, parties)
{
    private readonly ArrivingSequence arrival = arrival;
    private readonly MigrationOrder order = arrival.Order;
    private readonly MigrationOffer offer = offer;
    private readonly MigrationParties parties = parties;

    // Nobody goes on with it there.
    protected override Task TakeLeave(MigrationEffect.TakeLeave take)
    {
        Tell(new MigrationEvent.Left(offer.Computed, 0));
        return Task.CompletedTask;
    }

    protected override Task AskOwner()
    {
        Tell(new MigrationEvent.OwnerAnswered(true, ""));
        return Task.CompletedTask;
    }

    protected override Task Adopt(int cached) => End(parties.Loop.Admit(work, arrival, cached), "done");

    protected override async Task Drop(string because)
    {
        if (!parties.Loop.IsClosed && await parties.Loop.Drop(arrival))
            await End(parties.Loop.Admit(work), "aborted");
    }

    private async Task End(Task<Admission> admission, string outcome)
    {
        Ended(outcome);
        parties.Source.Release(order.Request, order.SourceEpoch).Forget();
        if ((await admission).Kind != AdmissionKind.Accepted) // it was told that it has a place
            await parties.Request.WorkerLost(parties.Worker, order.Epoch, [], byReader: false);
    }
}
