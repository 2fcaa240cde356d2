using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Worker;

// Who runs in the next iteration.
public sealed partial class WorkerCore
{
    private double plannedAt;
    private bool planning, preempted;
    private int ranBefore; // the first of the running sequences ran before this plan; the rest were admitted in it

    // Caches whose copies are back on the device. Where nothing else runs, the device waits for the copies instead.
    private void ContinueLoaded(double now)
    {
        for (var i = 0; i < loading.Count; i++)
        {
            var slot = loading[i];
            if (slot.LoadedAt > now && running.Count > 0)
                continue;
            loading.RemoveAt(i--);
            Run(slot, now);
        }
    }

    // The running set goes first; only memory displaces it, or a policy that preempts by rank. Whoever is preempted for memory stands behind the
    // one that grows (or is that one, being the last), so the places before it never move.
    private void ContinueDecodes(double now)
    {
        for (var i = 0; i < running.Count; i++)
        {
            var slot = running[i];
            if (slot.Pending != 1)
                continue;
            switch (Grow(slot, now))
            {
                case Growth.Grown: Take(slot, 1, Drafts(slot, running.Count - 1 - i, now)); break;
                case Growth.Alone: plan.OutOfMemory.Add(slot); break;
                case Growth.Waits: break;
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
        ranBefore = running.Count;
        Rescore(now);
        var admitted = 0;
        while (!preempted && queue.Count > 0)
        {
            var slot = queue.First;
            if (slot.DisplacedIn == iteration || !FitsBudget(slot))
                break; // it has just given way, or its turn is the next iteration
            if (running.Count + loading.Count >= maxRunning || !TryBringIn(slot, now))
            {
                if (ranking is IPreemptivePolicy policy && Displace(policy, slot, now))
                    continue;
                break;
            }

            admitted++;
            if (slot.Tier == ranking.StarvationTier)
                Totals.Promotions++;
            Start(slot, now);
        }

        if (admitted > 0 || plan.Batch.Count > 0)
            round++; // those that wait were passed over
    }

    // Prompts that are computed apart are not cut where an iteration has them whole.
    private bool FitsBudget(SequenceSlot slot) =>
        plan.Tokens < limits.MaxTokens && (!limits.PromptsApart || plan.Tokens == 0 || plan.Tokens + slot.Pending <= limits.MaxTokens);

    // Its cache is on the device, or on its way there.
    private void Start(SequenceSlot slot, double now)
    {
        Unlist(slot);
        if (limits.LoadsAhead && Pausing.CopiesBeside && slot.LoadedAt > now && plan.Batch.Count > 0)
        {
            loading.Add(slot);
            return;
        }

        Run(slot, now);
        Take(slot, Math.Min(slot.Pending, Math.Min(limits.Chunk, limits.MaxTokens - plan.Tokens)));
    }

    private double returnWait; // of requests that came back without their cache, until they ran: the mean of about the last 32, seconds

    private void Run(SequenceSlot slot, double now)
    {
        slot.Phase = SequencePhase.Running;
        if (slot.StartedAt is null)
        {
            if (slot.RanAt is null)
                observer?.Started(View(slot, now));
            slot.StartedAt = now;
            slot.CachedAtStart = slot.Computed;
            if (slot.Segment > 0 && slot.Computed == 0)
                returnWait += (now - slot.QueuedAt - returnWait) / 32;
        }

        running.Add(slot);
    }

    // The last in rank of those that run and may give way, if it stands behind the one that wants its place.
    private bool Displace(IPreemptivePolicy policy, SequenceSlot wants, double now)
    {
        SequenceSlot? last = null;
        for (var i = 0; i < ranBefore; i++)
        {
            var slot = running[i];
            if (!policy.MayGiveWay(View(slot, now)))
                continue;
            Score(slot, now);
            if (last is null || TurnQueue.Compare(slot, last) > 0)
                last = slot;
        }

        if (last is null || TurnQueue.Compare(wants, last) >= 0)
            return false;
        ranBefore--;
        Unplan(last);
        last.DisplacedIn = iteration;
        Requeue(last, policy.CacheOfDisplaced, now);
        return true;
    }

    // Takes the next tokens of a running sequence into the batch.
    private void Take(SequenceSlot slot, int known, int drafts = 0)
    {
        var count = known + drafts;
        DropHost(slot, slot.Computed / slot.TokensPerBlock); // copies of blocks that are about to be written to
        var planned = new PlannedSequence(slot, slot.Computed, count, Samples: slot.Computed + known == slot.Length) { Drafts = drafts };
        // A sequence that comes back for a single token is a decode too: its place is among them.
        if (count == 1)
            plan.Batch.Insert(plan.Decodes++, planned);
        else
            plan.Batch.Add(planned);
        plan.Tokens += count;
        if (slot.Form != CacheForm.Kv)
            plan.RebuiltTokens += slot.Computed + count;
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
        if (slot.Form != CacheForm.Kv)
            plan.RebuiltTokens -= planned.Start + planned.Count;
        plan.ContextTokens -= DeviceProfile.ContextAttended(planned.Start, planned.Count);
    }
}
