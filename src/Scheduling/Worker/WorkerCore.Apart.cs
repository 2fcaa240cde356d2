namespace Pharos.Scheduling.Worker;

// Iterations of prompts alone and iterations of decodes alone: vLLM 0.5 without chunked prefill, and Apt-Serve, which was built on it.
public sealed partial class WorkerCore
{
    private const double WorthOfLate = 1e-6; // a block, seconds: next to nothing, once the objective is missed

    private void PlanApart(double now)
    {
        ContinuePrefills(); // what was longer than a whole iteration
        ReviseParked(now);
        if (composition is null)
            AdmitWaiting(now);
        else
            AdmitUrgent(now);
        if (plan.Batch.Count == 0)
            ContinueDecodes(now);
    }

    // Prompts go while those that wait have together waited for longer than those that run have for their next token (Apt-Serve's published code).
    private void AdmitUrgent(double now)
    {
        candidates.Clear();
        var (waited, unmet) = (0.0, 0);
        for (var i = 0; i < Math.Min(queue.Count, MostCandidates); i++)
        {
            candidates.Add(queue[i]);
            waited += PendingSeconds(queue[i], now, out var isLate);
            unmet += isLate ? 0 : 1;
        }

        var (stalled, needed) = (0.0, 0);
        foreach (var slot in running)
        {
            stalled += PendingSeconds(slot, now, out var isLate);
            unmet += isLate ? 0 : 1;
            needed += slot.BlocksFor(slot.Length);
        }

        var capacity = Composable(now);
        SolveApart(capacity - needed, unmet, now);
        Invite();
        if (running.Count > 0 && (stalled > waited || invited.Count == 0))
        {
            invited.Clear();
            if (needed > capacity && plan.Batch.Count == 0)
                GiveUpSparsest(capacity, unmet, now);
        }

        AdmitInvited(now);
    }

    // Decodes that do not fit any more: the densest stay.
    private void GiveUpSparsest(int capacity, int unmet, double now)
    {
        candidates.Clear();
        candidates.AddRange(running);
        SolveApart(capacity, unmet, now);
        for (var i = 0; i < candidates.Count; i++)
        {
            if (chosen[i] < 0 && running.Count > 1)
                Requeue(candidates[i], Reload(candidates[i]), now);
        }
    }

    // The best of the candidates by pending time, less what a compact form delays the others.
    private void SolveApart(int capacity, int others, double now)
    {
        MakeRoomForOptions();
        var count = 0;
        for (var i = 0; i < candidates.Count; i++)
        {
            var slot = candidates[i];
            if (slot.Form != CacheForm.Kv && slot.Length >= composition!.MaxCompactContext && slot.QueueIndex >= 0)
                Outgrow(slot, now);
            var pending = PendingSeconds(slot, now, out var isLate);
            var value = Math.Max(LeastValue, isLate ? WorthOfLate * ledger.BlocksFor(slot.Length) : pending);
            AddOptions(i, ref count, value, others);
        }

        knapsack.Solve(options.AsSpan(0, count), Math.Max(0, capacity), chosen.AsSpan(0, candidates.Count));
    }

    private double PendingSeconds(SequenceSlot slot, double now, out bool isLate)
    {
        var objective = slot.Objective ?? composition!.Objective;
        var begun = slot.Length > slot.SegmentStart;
        var pending = now - (begun ? slot.TokenAt : slot.QueuedAt);
        isLate = pending > (begun ? objective.TokenGapSeconds : objective.FirstTokenSeconds);
        return pending;
    }
}
