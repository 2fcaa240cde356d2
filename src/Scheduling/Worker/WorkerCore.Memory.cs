using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Worker;

// Who has which memory of the device: growing, coming in, and whose cache is taken when there is none.
public sealed partial class WorkerCore
{
    private readonly List<SequenceSlot> victims = [];

    /// <summary>Blocks of a running sequence's table, in order of position.</summary>
    public IReadOnlyList<int> BlockTable(SequenceSlot slot) => slot.DeviceBlocks;

    private enum Growth
    {
        Grown,

        /// <summary>It was the last and gave way itself.</summary>
        Preempted,

        /// <summary>It holds all there is.</summary>
        Alone,

        /// <summary>Others hold the rest for a moment: they are about to leave, or are being read.</summary>
        Waits,
    }

    // One more block for a running sequence, at the cost of parked and waiting caches, then of whoever was admitted last.
    private Growth Grow(SequenceSlot slot, double now)
    {
        while (!TryReserve(slot, now))
        {
            if (TryDropExpected())
                continue;
            if (running.Count == 1 && loading.Count == 0)
                return leaving.Count + staged.Count > 0 ? Growth.Waits : Growth.Alone;
            preempted = true;
            var victim = loading.Count > 0 ? loading[^1] : running[^1];
            Requeue(victim, Reload(victim), now);
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
        if (!TryReserveBesideShared(slot, out var there, now))
            return false;
        slot.LoadedAt = now;
        slot.SwapInSeconds = there < slot.BlocksFor(slot.Computed) ? 0 : null;
        for (var i = there; i < slot.BlocksFor(slot.Computed); i++)
        {
            Copy(new BlockCopy(KvTier.Host, slot.HostBlocks[i], KvTier.Device, slot.DeviceBlocks[i]), now);
            Totals.SwappedInBlocks++;
            slot.LoadedAt = linkFreeAt;
            slot.SwapInSeconds = Math.Max(0, linkFreeAt - now);
        }

        if (!Pausing.Mirrors)
            DropHost(slot, 0);
        return true;
    }

    private bool TryReserve(SequenceSlot slot, double now)
    {
        var missing = slot.BlocksFor(slot.Length) - slot.DeviceBlocks.Count;
        if (missing <= 0)
            return true;
        if (ledger.Free(KvTier.Device) < missing && !MakeRoom(missing, slot, now))
            return false;
        Account(slot, now);
        return ledger.TryTake(KvTier.Device, missing, slot.Id, slot.DeviceBlocks);
    }

    // Caches are given up only where that makes all the room that is missing: first parked ones, as the policy ranks them, then of those that
    // wait, the last in the queue.
    private bool MakeRoom(int missing, SequenceSlot needed, double now)
    {
        // Where nothing runs, nothing will make room by itself: then whatever the policy keeps, and whoever waits, is no obstacle.
        var urgent = needed.Phase == SequencePhase.Running || running.Count + loading.Count == 0;
        var (room, others) = (ledger.Free(KvTier.Device), RunningTokens());
        victims.Clear();
        ledger.BeginRelease();
        foreach (var slot in parked)
        {
            if (slot.DeviceBlocks.Count == 0)
                continue;
            slot.EvictionRank = Pausing.EvictionRank(View(slot, others, urgent, now));
            if (double.IsNegativeInfinity(slot.EvictionRank))
                continue;
            victims.Add(slot);
            room += ledger.CountReleased(slot.DeviceBlocks);
        }

        var parkedOnes = victims.Count;
        foreach (var slot in holders)
        {
            if (slot == needed || !(urgent || YieldsInQueue && TurnQueue.Compare(slot, needed) > 0))
                continue;
            victims.Add(slot);
            room += ledger.CountReleased(slot.DeviceBlocks);
        }

        if (room < missing)
            return false;
        while (ledger.Free(KvTier.Device) < missing)
        {
            var victim = Victim(ref parkedOnes);
            var still = missing - ledger.Free(KvTier.Device);
            var became = Evict(victim, still, copies: Reload(victim) == PauseAction.Swap && (Pausing.EvictsToHost || victim.Phase != SequencePhase.Parked), now);
            if (victim.Phase == SequencePhase.Parked)
                Revise(victim, became, "memory needed by ", needed, now);
        }

        return true;
    }

    // Those that gave way by rank, or whose caches are managed by blocks, are no worse off in the queue than any other.
    private bool YieldsInQueue => Pausing.Mirrors || ranking is IPreemptivePolicy;

    private SequenceSlot Victim(ref int parkedOnes)
    {
        var found = 0;
        for (var i = 1; i < (parkedOnes > 0 ? parkedOnes : victims.Count); i++)
        {
            if (parkedOnes > 0 ? victims[i].EvictionRank > victims[found].EvictionRank : TurnQueue.Compare(victims[i], victims[found]) > 0)
                found = i;
        }

        var victim = victims[found];
        victims.RemoveAt(found);
        parkedOnes = Math.Max(0, parkedOnes - 1);
        return victim;
    }

    // Loses its place and waits again.
    private void Requeue(SequenceSlot slot, PauseAction cache, double now)
    {
        Unlist(slot);
        if (cache != PauseAction.Preserve)
            Vacate(slot, cache, now);
        slot.Preemptions++;
        Totals.Preemptions++;
        Queue(slot, now);
    }

    // Copying back against computing again, whichever is sooner.
    private PauseAction Reload(SequenceSlot slot)
    {
        if (!Pausing.SwapsPreempted)
            return PauseAction.Discard;
        var profile = Fit.Profile;
        return slot.Computed > 0 && 2 * profile.SwapSeconds(slot.Computed) <= profile.PrefillSeconds(slot.Computed) ? PauseAction.Swap : PauseAction.Discard;
    }

    // Its last blocks leave the device, so many that this frees the number wanted: those the host has already cost nothing, others are copied out
    // or lost.
    private PauseAction Evict(SequenceSlot slot, int count, bool copies, double now)
    {
        Account(slot, now);
        var before = slot.Computed;
        var keep = slot.DeviceBlocks.Count;
        for (var freed = 0; keep > 0 && freed < count; keep--)
            freed += ledger.IsHeldOnce(slot.DeviceBlocks[keep - 1]) ? 1 : 0;
        for (var block = keep; block < Math.Min(slot.DeviceBlocks.Count, slot.BlocksFor(slot.Computed)); block++)
        {
            if (slot.OnHost(block) || (copies && CopyOut(slot, block, now)))
                continue;
            Truncate(slot, block);
            break;
        }

        ledger.GiveBack(KvTier.Device, slot.Id, slot.DeviceBlocks, keep);
        if (keep == 0 && slot.QueueIndex >= 0)
            holders.Remove(slot);
        return slot.Computed == before ? PauseAction.Swap : PauseAction.Discard;
    }

    // All of it leaves the device.
    private void Vacate(SequenceSlot slot, PauseAction action, double now)
    {
        if (action == PauseAction.Swap)
        {
            Evict(slot, slot.DeviceBlocks.Count, copies: true, now);
            return;
        }

        Account(slot, now);
        if (!Pausing.Mirrors || slot.Phase == SequencePhase.Parked)
            Truncate(slot, 0);
        else
            Truncate(slot, FirstWithoutCopy(slot));
        ledger.GiveBack(KvTier.Device, slot.Id, slot.DeviceBlocks);
    }

    private int FirstWithoutCopy(SequenceSlot slot)
    {
        var block = 0;
        while (slot.OnHost(block))
            block++;
        return block;
    }

    // What stands from this block on is lost.
    private void Truncate(SequenceSlot slot, int block)
    {
        slot.Computed = Math.Min(slot.Computed, block * slot.TokensPerBlock);
        DropHost(slot, block);
    }

    private void Account(SequenceSlot slot, double now)
    {
        var held = slot.DeviceBlocks.Count * limits.BlockSize * Math.Max(0, now - slot.HeldSince);
        slot.KvTokenSeconds += held;
        slot.Meter.KvTokenSeconds += held;
        slot.HeldSince = now;
    }
}
