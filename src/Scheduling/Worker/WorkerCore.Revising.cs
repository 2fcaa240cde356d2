using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Worker;

// Pauses whose policy thinks again in every iteration (INFERCEPT 2402.01869, section 4), and the record of every change of mind.
public sealed partial class WorkerCore
{
    private const double LeastReview = 0.02; // seconds
    private const double ReviewShare = 0.1; // of the time waited
    private readonly List<SequenceSlot> underReview = [];

    /// <summary>
    /// The tool says when it returns: from now on that is its expected return, and the pause is decided anew with it. What has left the device stays
    /// away. To be told again whenever the tool changes its mind.
    /// </summary>
    /// <returns>The receipt, with a revision if the decision changed.</returns>
    public PauseReceipt Expect(SequenceSlot slot, double secondsLeft, double now)
    {
        if (slot.Phase != SequencePhase.Parked)
            throw new InvalidOperationException($"{slot.Request} is {slot.Phase}, not parked: it waits for no tool.");
        if (!(secondsLeft >= 0) || !double.IsFinite(secondsLeft))
            throw new ArgumentOutOfRangeException(nameof(secondsLeft), secondsLeft, "Expected the seconds until the tool returns, 0 or more.");
        slot.Tool = slot.Tool!.WithEta(now - slot.ParkedAt + secondsLeft);
        slot.ReturnStaleAt = now;
        slot.MirrorNext = slot.DeviceBlocks.Count - 1; // it may have gone without copies for one that returns later
        var decision = DecidePause(slot, slot.Tool.WithEta(secondsLeft), now); // the time that is over is paid for
        slot.KeptUntil = decision.KeptUntil;
        if (decision.Action != PauseAction.Preserve && slot.DeviceBlocks.Count > 0)
        {
            Vacate(slot, decision.Action, now);
            Revise(slot, decision.Action, "the tool said when it returns", null, now);
        }

        return slot.Receipt!;
    }

    private PauseDecision DecidePause(SequenceSlot slot, ToolForecast tool, double now)
    {
        var swapPossible = ledger.Free(KvTier.Host) >= slot.BlocksFor(slot.Computed);
        var decision = Pausing.Decide(new PauseView(slot.Computed, RunningTokens(), tool, Fit.Profile, swapPossible)
        {
            ArrivalAt = slot.ArrivalAt, Now = now, Forecast = slot.Forecast, StartTokens = slot.SegmentStart, OtherTokensAtStart = slot.QueuedBeside,
            ReturnWaitSeconds = returnWait,
        });
        return decision.Action == PauseAction.Swap && !swapPossible ? decision with { Action = PauseAction.Discard } : decision;
    }

    // The budget N of an iteration is what the link moves meanwhile, Tsw(N) = Tf(B).
    private void ReviseParked(double now)
    {
        if (Pausing is not IRevisingPausePolicy policy)
            return;
        underReview.Clear();
        var (others, end) = (RunningTokens(), IterationEnd(now));
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
            if (slot.Review.SwapUrgency > 0 && linkFreeAt < end && ledger.Free(KvTier.Host) > 0)
            {
                while (slot.DeviceBlocks.Count > 0 && linkFreeAt < end && ledger.Free(KvTier.Host) > 0)
                    SwapOutLast(slot, now);
                Revise(slot, PauseAction.Swap, "its turn on the link to the host", null, now);
            }
            else if (slot.Review.Otherwise == PauseAction.Discard)
            {
                Vacate(slot, PauseAction.Discard, now);
                Revise(slot, PauseAction.Discard, "no longer worth its memory", null, now);
            }
        }
    }

    private void SwapOutLast(SequenceSlot slot, double now)
    {
        Account(slot, now);
        var last = slot.DeviceBlocks.Count - 1;
        if (last < slot.BlocksFor(slot.Computed) && !slot.OnHost(last))
            CopyOut(slot, last, now);
        ledger.GiveBack(KvTier.Device, slot.Id, slot.DeviceBlocks, last);
    }

    private CacheView View(SequenceSlot slot, long others, bool urgent, double now) =>
        new(slot.Request, slot.ArrivalAt, slot.ParkedAt, now, slot.Computed, slot.DeviceTokens, others, slot.Tool!, Fit.Profile)
        {
            Decided = slot.Receipt!.Decision, Urgent = urgent, ReturnAt = ReturnAt(slot, now), KeptUntil = slot.KeptUntil,
        };

    // Thought over as the wait grows: the longer it has been, the less another moment tells.
    private static double ReturnAt(SequenceSlot slot, double now)
    {
        if (now < slot.ReturnStaleAt)
            return slot.ReturnAt;
        var waited = now - slot.ParkedAt;
        slot.ReturnStaleAt = now + Math.Max(LeastReview, ReviewShare * waited);
        return slot.ReturnAt = now + slot.Tool!.SecondsLeft(waited);
    }

    // The first word of each kind is kept, however many blocks go one after another.
    private void Revise(SequenceSlot slot, PauseAction action, string because, SequenceSlot? by, double now)
    {
        var receipt = slot.Receipt!;
        if (receipt.Revisions is [.., var last] && last.Decision == action)
            return;
        slot.Receipt = receipt with { Revisions = receipt.Revisions.Add(new PauseRevision(now - slot.ArrivalAt, action, because + by?.Request)) };
        if (!plan.Revised.Contains(slot))
            plan.Revised.Add(slot);
    }
}
