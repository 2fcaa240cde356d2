using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Worker;

// Pauses whose policy thinks again in every iteration (INFERCEPT 2402.01869, section 4).
public sealed partial class WorkerCore
{
    private readonly List<SequenceSlot> underReview = [];
    private double swapCredit; // tokens

    // The budget N of an iteration is what the link moves meanwhile, Tsw(N) = Tf(B). Caches go whole: one larger than N takes the budget of the
    // iterations to come.
    private void ReviseParked(double now)
    {
        if (Pausing is not IRevisingPausePolicy policy)
            return;
        var profile = Fit.Profile;
        var budget = profile.IterationSeconds(plan.Tokens, plan.ContextTokens) * profile.SwapTokensPerSecond;
        swapCredit = Math.Min(budget, swapCredit + budget);
        underReview.Clear();
        var others = RunningTokens();
        foreach (var slot in parked)
        {
            if (slot.DeviceBlocks.Count == 0)
                continue;
            var pausedAt = slot.ArrivalAt + slot.Receipt!.At;
            slot.Prices = MemoryTime.Waste(profile, slot.Computed, others, policy.ToolSeconds(now - pausedAt, slot.ExpectedReturnAt - pausedAt));
            underReview.Add(slot);
        }

        underReview.Sort(static (a, b) =>
        {
            var order = Math.Min(b.Prices.Preserve, b.Prices.Discard).CompareTo(Math.Min(a.Prices.Preserve, a.Prices.Discard));
            return order != 0 ? order : a.Id.CompareTo(b.Id);
        });
        foreach (var slot in underReview)
        {
            var waste = Math.Min(slot.Prices.Preserve, slot.Prices.Discard);
            if (waste > 0 && swapCredit > 0 && ledger.Free(KvTier.Host) >= ledger.BlocksFor(slot.Computed))
            {
                swapCredit -= slot.Computed;
                Revise(slot, PauseAction.Swap, "it wastes most of those that wait", now);
            }
            else if (slot.Prices.Discard < slot.Prices.Preserve)
            {
                Revise(slot, PauseAction.Discard, "computing it again wastes less than to keep it", now);
            }
        }
    }

    private void Revise(SequenceSlot slot, PauseAction action, string because, double now)
    {
        Handle(slot, action, now);
        slot.Receipt = slot.Receipt! with { Revisions = slot.Receipt.Revisions.Add(new PauseRevision(now - slot.ArrivalAt, action, because)) };
        if (!plan.Revised.Contains(slot))
            plan.Revised.Add(slot);
    }
}
