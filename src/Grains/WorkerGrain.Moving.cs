using Microsoft.Extensions.Logging;
using Pharos.Grains.Moving;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

// Sequences that come from other workers, and those that leave for one.
public sealed partial class WorkerGrain
{
    /// <summary>A sequence that has stopped for a switch goes on here when nobody has come back for it: its new owner is gone, or was refused and could not say so.</summary>
    private static readonly TimeSpan Departing = TimeSpan.FromSeconds(2);

    public async Task<Admission> Receive(MigrationOrder order)
    {
        var source = GrainFactory.GetGrain<IWorkerGrain>(order.Source);
        if (await source.Offer(order.Request, order.SourceEpoch) is not { } offer)
            return new Admission(AdmissionKind.NotHere, $"{order.Source} does not have it any more");
        if (offer.Computed == 0)
            return new Admission(AdmissionKind.Refused, $"nothing of it is cached on {order.Source}");
        var (answer, arrival) = await loop.MakeReady(order, offer);
        if (arrival is not null)
            new InboundMigration(arrival, offer, Here(source, order.Request)).Run().Forget();
        return answer;
    }

    // A request comes back from its tools while its cache is elsewhere: that is fetched first, if there is room for it.
    private async Task<Admission> AdmitWith(CacheSource cache, SequenceWork work)
    {
        var order = new MigrationOrder(work.Request, work.Epoch, cache.Worker, cache.Epoch, MigrationReason.Return);
        var source = GrainFactory.GetGrain<IWorkerGrain>(cache.Worker);
        try
        {
            if (await source.Offer(order.Request, order.SourceEpoch) is { Computed: > 0 } offer)
            {
                var (answer, arrival) = await loop.MakeReady(order, offer);
                if (arrival is not null)
                    new ReturnMigration(arrival, offer, work, Here(source, order.Request)).Run().Forget();
                if (answer.Kind == AdmissionKind.Accepted)
                    return answer;
            }
        }
        catch (Exception failure)
        {
            NotFetched(log, order.Request, order.Source, failure); // it is computed anew
        }

        source.Release(order.Request, order.SourceEpoch).Forget();
        return await (await Loop()).Admit(work);
    }

    private MigrationParties Here(IWorkerGrain source, string request) =>
        new(this.GetPrimaryKeyString(), loop, source, GrainFactory.GetGrain<IRequestGrain>(request), time, log);

    public Task<MigrationOffer?> Offer(string request, int epoch) => loop.Offer(request, epoch);

    public Task<KvPiece?> Export(string request, int epoch, int first, int most) => loop.Export(request, epoch, first, most);

    public async Task<Departure?> TakeLeave(string request, int epoch, int first, int most)
    {
        var departure = await loop.TakeLeave(request, epoch, first, most);
        if (departure is { State.IsParked: false })
            StayLater().Forget();
        return departure;
    }

    public Task Stay(string request, int epoch) => loop.Stay(request, epoch);

    private async Task StayLater()
    {
        await Task.Delay(Departing, time);
        await loop.StayAfter(Departing);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cache of request {Request} could not be fetched from {Source}; it is computed anew.")]
    private static partial void NotFetched(ILogger log, string request, string source, Exception failure);
}
