using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Worker;

// Who runs in the next iteration.
public sealed partial class WorkerCore
{
    // The running set goes first; its rank never displaces it, only memory does. Whoever is preempted stands behind the one that grows (or is
    // that one, being the last), so the places before it never move.
    private void ContinueDecodes(double now)
    {
        for (var i = 0; i < running.Count; i++)
        {
            var slot = running[i];
            if (slot.Pending != 1)
                continue;
            switch (Grow(slot, now))
            {
                case Growth.Grown: Take(slot, 1); break;
                case Growth.Alone: plan.OutOfMemory.Add(slot); break;
                case Growth.Preempted: return; // it was the last
            }
        }
    }

    private void ContinuePrefills()
    {
        foreach (var slot in running)
        {
            if (slot.Pending > 1 && plan.Tokens < limits.MaxTokens)
                Take(slot, Math.Min(slot.Pending, Math.Min(limits.Chunk, limits.MaxTokens - plan.Tokens)));
        }
    }

    // In order of rank; the first that does not fit ends the round, so that a large one gets its memory in the end. Nobody is admitted in an
    // iteration that had to preempt for memory: it would only change hands.
    private void AdmitWaiting(double now)
    {
        if (waiting.Count == 0)
            return;
        Rescore(now);
        admittedNow = running.Count;
        var preemptive = ranking as IPreemptivePolicy;
        int admitted = 0, loading = 0; // of those at the head: the rest of the first, and those that stay at the head while they are copied
        while (!preempted && admitted < waiting.Count && plan.Tokens < limits.MaxTokens)
        {
            var slot = waiting[admitted];
            var loads = limits.LoadsAhead && slot.OnHost && plan.Batch.Count > 0;
            if (running.Count + loading >= maxRunning || !TryBringIn(slot, now))
            {
                if (preemptive is not null && Displace(preemptive, slot, now))
                    continue;
                break;
            }

            admitted++;
            if (loads)
            {
                waiting[loading++] = slot;
                continue;
            }

            slot.Phase = SequencePhase.Running;
            if (slot.RanAt is null && slot.StartedAt is null)
                observer?.Started(View(slot, now));
            if (slot.StartedAt is null)
            {
                slot.StartedAt = now;
                slot.CachedAtStart = slot.Computed;
            }

            running.Add(slot);
            Take(slot, Math.Min(slot.Pending, Math.Min(limits.Chunk, limits.MaxTokens - plan.Tokens)));
        }

        waiting.RemoveRange(loading, admitted - loading);
        if (admitted == 0 && plan.Batch.Count == 0)
            return; // nothing ran: nobody was passed over
        foreach (var slot in waiting)
            slot.PassedOver++;
    }

    // The last in rank of those that run and may give way, if it stands behind the one that wants its place.
    private bool Displace(IPreemptivePolicy policy, SequenceSlot wants, double now)
    {
        SequenceSlot? last = null;
        for (var i = 0; i < admittedNow; i++)
        {
            var slot = running[i];
            if (!policy.MayGiveWay(View(slot, now)))
                continue;
            Score(slot, now);
            if (last is null || ByTurn(slot, last) > 0)
                last = slot;
        }

        if (last is null || ByTurn(wants, last) >= 0)
            return false;
        admittedNow--;
        Unplan(last);
        running.Remove(last);
        Handle(last, policy.CacheOfDisplaced, now);
        last.Phase = SequencePhase.Waiting;
        last.Preemptions++;
        Totals.Preemptions++;
        waiting.Add(last); // at the tail: it is not looked at again in this plan, as its rank is behind
        return true;
    }

    private void Rescore(double now)
    {
        foreach (var slot in waiting)
        {
            if (slot.ScoredAt < 0 || iteration - slot.ScoredAt >= limits.RescoreIterations)
                Score(slot, now);
        }

        waiting.Sort(ByTurn);
    }

    private void Score(SequenceSlot slot, double now)
    {
        var view = View(slot, now);
        slot.Tier = ranking.Tier(view);
        slot.Score = ranking.Score(view, Fit.Profile);
        slot.ScoredAt = iteration;
    }

    private static int ByTurn(SequenceSlot a, SequenceSlot b)
    {
        var order = a.Tier.CompareTo(b.Tier);
        if (order == 0)
            order = a.Priority.CompareTo(b.Priority);
        if (order == 0)
            order = a.Score.CompareTo(b.Score);
        return order != 0 ? order : a.Id.CompareTo(b.Id);
    }

    private static RankView View(SequenceSlot slot, double now) =>
        new(slot.ArrivalAt, slot.Length, slot.Computed, slot.Length - slot.SegmentStart, slot.Forecast)
        {
            Request = slot.Request, Now = now, QueuedAt = slot.QueuedAt, DeviceTokens = slot.DeviceTokens, Segment = slot.Segment,
            TotalGenerated = slot.TotalGenerated, ServiceSeconds = slot.ServiceSeconds, ServiceIterations = slot.ServiceIterations,
            RanAt = slot.RanAt, PassedOver = slot.PassedOver, Preemptions = slot.Preemptions,
        };

    private void Take(SequenceSlot slot, int count)
    {
        var planned = new PlannedSequence(slot, slot.Computed, count, Samples: slot.Computed + count == slot.Length);
        // A sequence that comes back for a single token is a decode too: its place is among them.
        if (count == 1)
            plan.Batch.Insert(plan.Decodes++, planned);
        else
            plan.Batch.Add(planned);
        plan.Tokens += count;
        plan.ContextTokens += DeviceProfile.ContextAttended(slot.Computed, count);
    }

    private void Unplan(SequenceSlot slot)
    {
        var at = plan.Batch.FindIndex(planned => planned.Sequence == slot);
        if (at < 0)
            return; // the budget did not reach it
        var planned = plan.Batch[at];
        plan.Batch.RemoveAt(at);
        if (at < plan.Decodes)
            plan.Decodes--;
        plan.Tokens -= planned.Count;
        plan.ContextTokens -= DeviceProfile.ContextAttended(planned.Start, planned.Count);
    }
}
