using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Worker;

// The host tier and the link to it.
public sealed partial class WorkerCore
{
    /// <summary>Share of an iteration that mirroring may take where copies are made between iterations.</summary>
    private const double MirrorShareBetween = 0.05;

    private readonly List<BlockCopy> pendingCopies = []; // of pauses decided since the last plan
    private double linkFreeAt; // copies go one after another: when the last of them is done, seconds
    private SequenceSlot? hostVictim; // its copies in the host tier go next

    private void TakePendingCopies(double now)
    {
        hostVictim = null;
        foreach (var copy in pendingCopies)
            Copy(copy, now);
        pendingCopies.Clear();
    }

    // Copies of a pause wait for the next plan; those made while planning come before its forward pass.
    private void Copy(BlockCopy copy, double now)
    {
        if (!planning)
        {
            pendingCopies.Add(copy);
            return;
        }

        plan.Copies.Add(copy);
        linkFreeAt = Math.Max(linkFreeAt, now) + Fit.Profile.SwapSeconds(limits.BlockSize);
    }

    private double IterationEnd(double now) => now + Fit.Profile.IterationSeconds(plan.Tokens, plan.ContextTokens);

    // A block of the device gets a copy in the host tier, if there is room or something to drop that is needed later.
    private bool CopyOut(SequenceSlot slot, int block, double now)
    {
        while (ledger.Free(KvTier.Host) == 0)
        {
            if (!Pausing.Mirrors || !DropFarthest(slot, now))
                return false;
        }

        while (slot.HostBlocks.Count <= block)
            slot.HostBlocks.Add(SequenceSlot.NoBlock);
        slot.HostBlocks[block] = ledger.Take(KvTier.Host, slot.Id);
        slot.HostCount++;
        Copy(new BlockCopy(KvTier.Device, slot.DeviceBlocks[block], KvTier.Host, slot.HostBlocks[block]), now);
        Totals.SwappedOutBlocks++;
        return true;
    }

    // The copies that a sequence has in the host tier from this block on.
    private void DropHost(SequenceSlot slot, int from)
    {
        for (var block = slot.HostBlocks.Count - 1; block >= from; block--)
        {
            if (slot.HostBlocks[block] != SequenceSlot.NoBlock)
            {
                ledger.GiveBack(KvTier.Host, slot.Id, slot.HostBlocks[block]);
                slot.HostCount--;
            }
        }

        slot.HostBlocks.Truncate(from);
    }

    // Second copies of what runs go first, then the cache whose return is farthest, by blocks from its end; never for one that returns later still.
    private bool DropFarthest(SequenceSlot wants, double now)
    {
        if (hostVictim is not { HostCount: > 0 } || hostVictim == wants)
            hostVictim = HostVictim(wants, now);
        if (hostVictim is not { } victim || (victim.Phase == SequencePhase.Parked && wants.Phase == SequencePhase.Parked && ReturnAt(victim, now) <= ReturnAt(wants, now)))
            return false;
        var last = victim.HostBlocks.Count - 1;
        while (victim.HostBlocks[last] == SequenceSlot.NoBlock)
            last--;
        if (last >= victim.DeviceBlocks.Count)
            Truncate(victim, last);
        else
            DropHost(victim, last);
        if (victim.Phase == SequencePhase.Parked)
            victim.MirrorNext = Math.Max(victim.MirrorNext, Math.Min(last, victim.DeviceBlocks.Count - 1));
        return true;
    }

    private SequenceSlot? HostVictim(SequenceSlot wants, double now)
    {
        for (var i = running.Count - 1; i >= 0; i--)
        {
            if (running[i].HostCount > 0)
                return running[i];
        }

        var (farthest, at) = (default(SequenceSlot), double.NegativeInfinity);
        foreach (var slot in parked)
        {
            if (slot.HostCount > 0 && slot != wants && ReturnAt(slot, now) is var returns && returns > at)
                (farthest, at) = (slot, returns);
        }

        return farthest;
    }

    // Parked caches get a second copy while the link is idle, the farthest return first: it is the first to lose its place on the device.
    private void MirrorParked(double now)
    {
        if (!Pausing.Mirrors)
            return;
        var share = limits.LoadsAhead || plan.Batch.Count == 0 ? 1 : MirrorShareBetween;
        var until = now + share * (IterationEnd(now) - now);
        var others = RunningTokens();
        while (linkFreeAt < until)
        {
            var (farthest, rank) = (default(SequenceSlot), double.NegativeInfinity);
            foreach (var slot in parked)
            {
                if (slot.MirrorNext >= 0 && slot.DeviceBlocks.Count > 0 && Pausing.EvictionRank(View(slot, others, urgent: false, now)) is var its && its > rank)
                    (farthest, rank) = (slot, its);
            }

            if (farthest is null)
                return;
            Mirror(farthest, until, now);
        }
    }

    // From its end on, as that is evicted first. Where the host tier is full of what returns sooner, it goes without.
    private void Mirror(SequenceSlot slot, double until, double now)
    {
        slot.MirrorNext = Math.Min(slot.MirrorNext, Math.Min(slot.DeviceBlocks.Count, slot.BlocksFor(slot.Computed)) - 1);
        for (; slot.MirrorNext >= 0 && linkFreeAt < until; slot.MirrorNext--)
        {
            if (!slot.OnHost(slot.MirrorNext) && !CopyOut(slot, slot.MirrorNext, now))
                slot.MirrorNext = 0;
        }
    }
}
