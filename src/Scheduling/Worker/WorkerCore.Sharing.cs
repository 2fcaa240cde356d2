namespace Pharos.Scheduling.Worker;

// The prefix cache: contexts that begin alike share the blocks of their beginning.
public sealed partial class WorkerCore
{
    // Room for the context of a waiting sequence beside what the device has of it already, whoever computed that.
    private bool TryReserveBesideShared(SequenceSlot slot, out int there, double now)
    {
        there = slot.DeviceBlocks.Count;
        if (slot.Keys is not { } keys || !ledger.Publishes || there * limits.BlockSize > slot.Computed)
            return TryReserve(slot, now);
        Account(slot, now);
        var had = there;
        // The last token is always computed, since its logits are wanted: where all of the context is there, its last block is not shared but copied.
        for (; there < keys.Count && (there + 1) * limits.BlockSize < slot.Length && ledger.TryShare(keys[there], out var block); there++)
            slot.DeviceBlocks.Add(block);
        var original = SequenceSlot.NoBlock;
        if (there < keys.Count && (there + 1) * limits.BlockSize == slot.Length && ledger.TryShare(keys[there], out var last))
            original = last;
        var fits = TryReserve(slot, now);
        if (!fits && original != SequenceSlot.NoBlock)
        {
            ledger.GiveBack(KvTier.Device, slot.Id, original); // it may be the very block that is missing
            original = SequenceSlot.NoBlock;
            fits = TryReserve(slot, now);
        }

        if (!fits)
        {
            ledger.GiveBack(KvTier.Device, slot.Id, slot.DeviceBlocks, had);
            return false;
        }

        for (var i = had; i < there; i++)
            ledger.CountUse(slot.DeviceBlocks[i]);
        slot.Published = there;
        if (original != SequenceSlot.NoBlock)
            CopyOnWrite(slot, original, there++);
        Found(slot, Math.Min(there * limits.BlockSize, slot.Length - 1));
        return true;
    }

    private void CopyOnWrite(SequenceSlot slot, int original, int at)
    {
        plan.Copies.Add(new BlockCopy(KvTier.Device, original, KvTier.Device, slot.DeviceBlocks[at]));
        ledger.CountUse(original);
        ledger.GiveBack(KvTier.Device, slot.Id, original);
    }

    private void Found(SequenceSlot slot, int tokens)
    {
        if (tokens <= slot.Computed)
            return;
        DropHost(slot, slot.Computed / limits.BlockSize); // what the host has of a block that was not full
        Totals.SharedTokens += tokens - slot.Computed;
        slot.Computed = tokens;
    }

    // What has been computed can be found by others from now on.
    private void Publish(SequenceSlot slot)
    {
        if (slot.Keys is not { } keys || !ledger.Publishes)
            return;
        for (; slot.Published < keys.Count && (slot.Published + 1) * limits.BlockSize <= slot.Computed; slot.Published++)
            ledger.Publish(slot.Id, slot.DeviceBlocks[slot.Published], keys[slot.Published], slot.Published);
    }
}
