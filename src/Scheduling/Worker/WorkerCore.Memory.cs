using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Worker;

// Where the blocks go: growing, swapping, discarding, and whose memory is taken when there is none.
public sealed partial class WorkerCore
{
    private readonly List<BlockCopy> pendingCopies = []; // of pauses decided since the last plan

    /// <summary>Blocks of a running sequence's table, in order of position.</summary>
    public IReadOnlyList<int> BlockTable(SequenceSlot slot) => slot.DeviceBlocks;

    private void TakePendingCopies()
    {
        plan.Copies.AddRange(pendingCopies);
        pendingCopies.Clear();
    }

    private enum Growth
    {
        Grown,

        /// <summary>It was the last and gave way itself.</summary>
        Preempted,

        /// <summary>It holds all there is.</summary>
        Alone,
    }

    // One more block for a running sequence, at the cost of whoever was admitted last.
    private Growth Grow(SequenceSlot slot, double now)
    {
        while (!TryReserve(slot, slot.Length, now))
        {
            if (EvictParked(needed: slot, now) || EvictWaiting(except: slot, now))
                continue;
            if (running.Count == 1)
                return Growth.Alone;
            var victim = running[^1];
            Preempt(victim, now);
            if (victim == slot)
                return Growth.Preempted;
        }

        return Growth.Grown;
    }

    // Room for the whole context of a waiting sequence, and its cache back from the host. Running sequences are never displaced for it.
    private bool TryBringIn(SequenceSlot slot, double now)
    {
        if (slot.Pending == 0)
            throw new InvalidOperationException($"{slot.Request} has nothing to compute.");
        if (!CanBeMade(ledger.BlocksFor(slot.Length) - slot.DeviceBlocks.Count, slot))
            return false;
        while (!TryReserve(slot, slot.Length, now))
        {
            if (!EvictParked(needed: slot, now) && !EvictWaiting(except: slot, now))
                return false;
        }

        if (slot.OnHost)
        {
            for (var i = 0; i < slot.HostBlocks.Count; i++)
                plan.Copies.Add(new BlockCopy(KvTier.Host, slot.HostBlocks[i], KvTier.Device, slot.DeviceBlocks[i]));
            Totals.SwappedInBlocks += slot.HostBlocks.Count;
            ledger.GiveBack(KvTier.Host, slot.Id, slot.HostBlocks);
        }

        return true;
    }

    // A cache is given up only where that makes the room that is missing. Waiting caches are no obstacle where nothing runs, or where they wait
    // because they had to give way.
    private bool CanBeMade(int missing, SequenceSlot slot)
    {
        var room = ledger.Free(KvTier.Device);
        if (room >= missing)
            return true;
        foreach (var other in parked)
            room += other.DeviceBlocks.Count;
        if (running.Count > 0 && ranking is not IPreemptivePolicy)
            return room >= missing;
        foreach (var other in waiting)
            room += other == slot ? 0 : other.DeviceBlocks.Count;
        return room >= missing;
    }

    private bool TryReserve(SequenceSlot slot, int tokens, double now)
    {
        var missing = ledger.BlocksFor(tokens) - slot.DeviceBlocks.Count;
        if (missing <= 0)
            return true;
        if (ledger.Free(KvTier.Device) < missing)
            return false;
        Account(slot, now);
        return ledger.TryTake(KvTier.Device, missing, slot.Id, slot.DeviceBlocks);
    }

    // A preserve is a lease: the parked cache that the policy names goes first, to the host where there is room.
    private bool EvictParked(SequenceSlot needed, double now)
    {
        SequenceSlot? farthest = null;
        var (highest, others) = (double.NegativeInfinity, RunningTokens());
        foreach (var slot in parked)
        {
            if (slot.DeviceBlocks.Count == 0)
                continue;
            var rank = Pausing.EvictionRank(View(slot, others, urgent: needed.Phase == SequencePhase.Running, now));
            if (rank > highest)
                (farthest, highest) = (slot, rank);
        }

        if (farthest is null)
            return false;
        Revise(farthest, Reload(farthest), $"memory needed by {needed.Request}", now);
        return true;
    }

    // Returned sequences that still hold their cache but cannot run yet: the last in rank gives way.
    private bool EvictWaiting(SequenceSlot except, double now)
    {
        for (var i = waiting.Count - 1; i >= 0; i--)
        {
            var slot = waiting[i];
            if (slot == except || slot.DeviceBlocks.Count == 0)
                continue;
            if (slot.Phase != SequencePhase.Waiting)
                continue; // admitted in this very plan
            Handle(slot, Reload(slot), now);
            return true;
        }

        return false;
    }

    private void Preempt(SequenceSlot slot, double now)
    {
        preempted = true;
        running.Remove(slot);
        Handle(slot, Reload(slot), now);
        slot.Phase = SequencePhase.Waiting;
        slot.ScoredAt = -1;
        slot.Preemptions++;
        Totals.Preemptions++;
        waiting.Add(slot);
    }

    // Copying back against computing again, whichever is sooner, if the host has room.
    private PauseAction Reload(SequenceSlot slot)
    {
        var profile = Fit.Profile;
        var fits = slot.Computed > 0 && ledger.Free(KvTier.Host) >= ledger.BlocksFor(slot.Computed);
        return fits && 2 * profile.SwapSeconds(slot.Computed) <= profile.PrefillSeconds(slot.Computed) ? PauseAction.Swap : PauseAction.Discard;
    }

    private void Handle(SequenceSlot slot, PauseAction action, double now)
    {
        if (action == PauseAction.Preserve)
            return;
        Account(slot, now);
        if (action == PauseAction.Swap && ledger.TryTake(KvTier.Host, ledger.BlocksFor(slot.Computed), slot.Id, slot.HostBlocks))
        {
            // Copies made while planning must come before this plan's forward pass; those of a pause wait for the next plan.
            for (var i = 0; i < slot.HostBlocks.Count; i++)
                CopiesNow.Add(new BlockCopy(KvTier.Device, slot.DeviceBlocks[i], KvTier.Host, slot.HostBlocks[i]));
            Totals.SwappedOutBlocks += slot.HostBlocks.Count;
        }
        else
        {
            slot.Computed = 0;
        }

        ledger.GiveBack(KvTier.Device, slot.Id, slot.DeviceBlocks);
    }

    private List<BlockCopy> CopiesNow => planning ? plan.Copies : pendingCopies;

    private void Account(SequenceSlot slot, double now)
    {
        slot.KvTokenSeconds += slot.DeviceBlocks.Count * limits.BlockSize * Math.Max(0, now - slot.HeldSince);
        slot.HeldSince = now;
    }
}
