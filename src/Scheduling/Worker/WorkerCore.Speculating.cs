using Pharos.Scheduling.Batching;

namespace Pharos.Scheduling.Worker;

// Guessed tokens are computed beside the one that is known; those that turn out right have saved an iteration each.
public sealed partial class WorkerCore
{
    private double decodeSeconds; // of an iteration without guesses

    /// <summary>Most guessed tokens of a sequence that an iteration computes.</summary>
    public int MaxDrafts => limits.MaxDrafts;

    /// <summary>The sequence's owner guesses that many tokens to follow; to be told anew after every iteration that ran it.</summary>
    public void Guess(SequenceSlot slot, int drafts) => slot.DraftsOffered = drafts;

    /// <summary>Of the guesses planned, the first <paramref name="accepted"/> were right. Before <see cref="Commit"/>.</summary>
    public void Accept(SequenceSlot slot, int accepted) => slot.DraftsAccepted = accepted;

    // As many as pay and find room: every running sequence still gets its token, and no living cache gives way.
    private int Drafts(SequenceSlot slot, int runningBehind, double now)
    {
        if (limits.MaxDrafts == 0 || slot.DraftsOffered == 0 || slot.Form != CacheForm.Kv)
            return 0;
        if (plan.Tokens == 0)
            decodeSeconds = Fit.Profile.IterationSeconds(running.Count, RunningTokens());
        var room = Math.Min(limits.MaxTokens - plan.Tokens - 1 - runningBehind, LargestContext - slot.Length);
        var drafts = Speculation.Length(
            Fit.Profile, running.Count, decodeSeconds, slot.Acceptance, Math.Min(Math.Min(slot.DraftsOffered, limits.MaxDrafts), room));
        var missing = slot.BlocksFor(slot.Length + drafts) - slot.DeviceBlocks.Count;
        if (drafts <= 0 || missing <= 0)
            return Math.Max(0, drafts);
        Account(slot, now);
        return ledger.TryTake(KvTier.Device, missing, slot.Id, slot.DeviceBlocks) ? drafts : slot.DeviceBlocks.Count * slot.TokensPerBlock - slot.Length;
    }

    private int SettleDrafts(SequenceSlot slot, int drafts)
    {
        var accepted = drafts == 0 ? 0 : slot.DraftsAccepted;
        if (accepted < 0 || accepted > drafts)
            throw new InvalidOperationException($"{accepted} guesses of {slot.Request} are said to be right; {drafts} were planned.");
        if (drafts > 0 || slot.DraftsOffered > 0)
            slot.Acceptance = Speculation.Learn(slot.Acceptance, drafts, accepted);
        Totals.DraftedTokens += drafts;
        Totals.AcceptedTokens += accepted;
        slot.DraftsOffered = slot.DraftsAccepted = 0;
        return accepted;
    }
}
