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
            slot.Review = policy.Review(View(slot, others, urgent: false, now));
            underReview.Add(slot);
        }

        underReview.Sort(static (a, b) =>
        {
            var order = b.Review.SwapUrgency.CompareTo(a.Review.SwapUrgency);
            return order != 0 ? order : a.Id.CompareTo(b.Id);
        });
        foreach (var slot in underReview)
        {
            if (slot.Review.SwapUrgency > 0 && swapCredit > 0 && ledger.Free(KvTier.Host) >= ledger.BlocksFor(slot.Computed))
            {
                swapCredit -= slot.Computed;
                Revise(slot, PauseAction.Swap, "its turn on the link to the host", now);
            }
            else if (slot.Review.Otherwise == PauseAction.Discard)
            {
                Revise(slot, PauseAction.Discard, "no longer worth its memory", now);
            }
        }
    }

    private CacheView View(SequenceSlot slot, long others, bool urgent, double now) =>
        new(slot.Request, slot.ArrivalAt, slot.ParkedAt, slot.ExpectedReturnAt, now, slot.Computed, slot.DeviceTokens, others, Fit.Profile)
        {
            Decided = slot.Receipt!.Decision, Urgent = urgent,
        };

    private void Revise(SequenceSlot slot, PauseAction action, string because, double now)
    {
        Handle(slot, action, now);
        slot.Receipt = slot.Receipt! with { Revisions = slot.Receipt.Revisions.Add(new PauseRevision(now - slot.ArrivalAt, action, because)) };
        if (!plan.Revised.Contains(slot))
            plan.Revised.Add(slot);
    }
}
