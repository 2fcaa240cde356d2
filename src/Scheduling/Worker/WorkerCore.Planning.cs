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
    // iteration that had to preempt: memory would only change hands.
    private void AdmitWaiting(double now)
    {
        if (waiting.Count == 0)
            return;
        Rescore();
        var admitted = 0;
        while (!preempted && admitted < waiting.Count && running.Count < maxRunning && plan.Tokens < limits.MaxTokens)
        {
            var slot = waiting[admitted];
            if (!TryBringIn(slot, now))
                break;
            admitted++;
            slot.Phase = SequencePhase.Running;
            slot.PassedOver = 0;
            if (slot.StartedAt is null)
            {
                slot.StartedAt = now;
                slot.CachedAtStart = slot.Computed;
            }

            running.Add(slot);
            Take(slot, Math.Min(slot.Pending, Math.Min(limits.Chunk, limits.MaxTokens - plan.Tokens)));
        }

        waiting.RemoveRange(0, admitted);
        if (admitted == 0 && plan.Batch.Count == 0)
            return; // nothing ran: nobody was passed over
        foreach (var slot in waiting)
        {
            if (++slot.PassedOver >= limits.StarvationIterations)
                slot.Promoted = true;
        }
    }

    private void Rescore()
    {
        var profile = Fit.Profile;
        foreach (var slot in waiting)
        {
            if (slot.ScoredAt >= 0 && iteration - slot.ScoredAt < limits.RescoreIterations)
                continue;
            slot.Score = Ranking.Score(View(slot), profile);
            slot.ScoredAt = iteration;
        }

        waiting.Sort(static (a, b) =>
        {
            // Those whose cache is still on the device hold memory while they wait: they go straight back to running.
            var order = (b.DeviceTokens > 0).CompareTo(a.DeviceTokens > 0);
            if (order == 0)
                order = b.Promoted.CompareTo(a.Promoted);
            if (order == 0)
                order = a.Priority.CompareTo(b.Priority);
            if (order == 0)
                order = a.Promoted ? a.ArrivalAt.CompareTo(b.ArrivalAt) : a.Score.CompareTo(b.Score);
            return order != 0 ? order : a.Id.CompareTo(b.Id);
        });
    }

    private static RankView View(SequenceSlot slot) =>
        new(slot.ArrivalAt, slot.Length, slot.Computed, slot.Length - slot.SegmentStart, slot.Forecast) { QueuedAt = slot.QueuedAt };

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
}
