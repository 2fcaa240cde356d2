using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Worker;

// Who stands where in the queue.
public sealed partial class WorkerCore
{
    private const int MostRescored = 256; // an iteration: ten thousand that wait are ranked anew over forty of them
    private long round; // iterations in which somebody was passed over

    private void Rescore(double now)
    {
        for (var i = 0; i < MostRescored && queue.Stale(iteration - limits.RescoreIterations) is { } slot; i++)
        {
            Score(slot, now);
            queue.Changed(slot);
        }
    }

    private void TellOfWaiting(IObservingPolicy policy)
    {
        var waiting = new List<SequenceSlot>(loading);
        for (var i = 0; i < queue.Count; i++)
            waiting.Add(queue[i]);
        foreach (var slot in waiting.OrderBy(slot => slot.ArrivalAt).ThenBy(slot => slot.Id))
            policy.Found(View(slot, Math.Max(plannedAt, slot.QueuedAt)), Fit.Profile);
    }

    private void Score(SequenceSlot slot, double now)
    {
        var view = View(slot, now);
        slot.Tier = ranking.Tier(view);
        slot.Score = ranking.Score(view, Fit.Profile);
        slot.ScoredAt = iteration;
    }

    private RankView View(SequenceSlot slot, double now) =>
        new(slot.ArrivalAt, slot.Length, slot.Computed, slot.Length - slot.SegmentStart, slot.Forecast)
        {
            Request = slot.Request, Now = now, QueuedAt = slot.QueuedAt, DeviceTokens = slot.DeviceTokens, Segment = slot.Segment,
            TotalGenerated = slot.TotalGenerated, ServiceSeconds = slot.ServiceSeconds, ServiceIterations = slot.ServiceIterations,
            RanAt = slot.RanAt, PassedOver = slot.PassedBefore + (slot.QueuedInRound < 0 ? 0 : (int)(round - slot.QueuedInRound)),
            Preemptions = slot.Preemptions, ToolSeconds = slot.ToolSeconds + (slot.Phase == SequencePhase.Parked ? now - slot.ParkedAt : 0),
        };
}
