using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Worker;

// Sequences that come from another worker, and those that leave for one.
public sealed partial class WorkerCore
{
    private readonly List<ExpectedSequence> expected = [];
    private readonly List<SequenceSlot> leaving = []; // they have stopped, and hold what they have until the switch is made or given up
    private readonly List<ExpectedSequence> staged = []; // device blocks through which host blocks are read

    /// <summary>
    /// Takes device blocks for so many tokens of a sequence that is to come. Nobody gives way for it: null where they are not free, and what runs here
    /// takes them back when it needs them.
    /// </summary>
    public ExpectedSequence? Reserve(int tokens)
    {
        var arrival = new ExpectedSequence(nextId++, limits.BlockSize);
        if (!TryGrow(arrival, tokens))
            return null;
        expected.Add(arrival);
        return arrival;
    }

    /// <summary>Holds at least so many tokens from now on; false where the blocks are not free.</summary>
    public bool TryGrow(ExpectedSequence arrival, int tokens)
    {
        var missing = ledger.BlocksFor(tokens) - arrival.Blocks.Count;
        if (tokens > LargestContext || ledger.Free(KvTier.Device) < missing)
            return false;
        for (; missing > 0; missing--)
            arrival.Blocks.Add(ledger.Take(KvTier.Device, arrival.Id));
        return true;
    }

    /// <summary>It does not come.</summary>
    public void Drop(ExpectedSequence arrival)
    {
        if (expected.Remove(arrival))
            GiveBack(arrival, 0);
        arrival.IsDropped = true;
    }

    // What comes has the memory that nobody here wants; the last to be expected goes first.
    private bool TryDropExpected()
    {
        if (expected.Count == 0)
            return false;
        Drop(expected[^1]);
        return true;
    }

    /// <summary>It has come, with keys and values of its first <paramref name="cached"/> tokens in the blocks, and goes on as it was.</summary>
    public SequenceSlot Adopt(ExpectedSequence arrival, MovingSequence state, int cached, IReadOnlyList<UInt128>? keys, double now)
    {
        var work = state.Work;
        var slot = Take(
            arrival,
            new SequenceStart(work.Request, work.Epoch, work.ArrivalAt, work.Priority, work.Tokens.Length, work.SegmentStart, work.Forecast, keys, work.ToolSeconds, state.TotalGenerated, work.Tenant,
                work.Options.Objective),
            cached, now);
        if (state.IsParked)
            GiveBackBeyond(slot, slot.Computed);
        Restore(slot, state);
        slots.Add(work.Request, slot);
        observer?.Arrived(View(slot, now), Fit.Profile);
        if (state.IsParked)
            Settle(slot, state);
        else
            GoOn(slot, now);
        return slot;
    }

    /// <summary>Admits a sequence whose first <paramref name="cached"/> tokens were fetched from another worker; it waits for its turn like any other.</summary>
    public SequenceSlot Admit(ExpectedSequence arrival, SequenceStart start, int cached, double now)
    {
        var slot = Take(arrival, start, cached, now);
        slots.Add(start.Request, slot);
        slot.QueuedBeside = RunningTokens();
        observer?.Arrived(View(slot, now), Fit.Profile);
        Queue(slot, now);
        return slot;
    }

    /// <summary>What another worker needs to go on with it. One that is not parked stops for that, and keeps what it has until then.</summary>
    public MovingSequence TakeLeave(SequenceSlot slot, SequenceWork work, double now)
    {
        Account(slot, now);
        if (slot.Phase != SequencePhase.Parked && !leaving.Contains(slot))
        {
            Unlist(slot);
            leaving.Add(slot);
            slot.DraftsOffered = 0;
        }

        return new MovingSequence(
            work, slot.Computed, slot.HighWater, slot.Receipt, slot.Receipt is null ? null : slot.Tool, slot.ParkedAt, slot.KeptUntil, slot.QueuedAt,
            slot.StartedAt, slot.RanAt, slot.CachedAtStart, slot.KvTokenSeconds, slot.Preemptions, slot.Segment, slot.TotalGenerated, slot.ServiceSeconds,
            slot.ServiceIterations, slot.Acceptance, slot.PausedBeside, slot.QueuedBeside);
    }

    /// <summary>It does not leave after all. Nothing happens to one that has not stopped.</summary>
    public void Stay(SequenceSlot slot, double now)
    {
        if (leaving.Remove(slot))
            GoOn(slot, now);
    }

    /// <summary>
    /// Device blocks into which these blocks of its cache are copied from the host, ahead of whatever is done with either side; null where there are
    /// not enough free.
    /// </summary>
    public ExpectedSequence? Stage(SequenceSlot slot, int firstBlock, int count)
    {
        var stage = new ExpectedSequence(nextId++, limits.BlockSize);
        if (!TryGrow(stage, count * limits.BlockSize))
            return null;
        staged.Add(stage);
        for (var i = 0; i < count; i++)
            Copy(new BlockCopy(KvTier.Host, slot.HostBlocks[firstBlock + i], KvTier.Device, stage.Blocks[i]), plannedAt);
        return stage;
    }

    public void Unstage(ExpectedSequence stage)
    {
        if (staged.Remove(stage))
            GiveBack(stage, 0);
    }

    private SequenceSlot Take(ExpectedSequence arrival, SequenceStart start, int cached, double now)
    {
        if (!expected.Remove(arrival))
            throw new InvalidOperationException($"{start.Request} was not expected, or has been dropped.");
        var slot = new SequenceSlot(arrival.Id, limits.BlockSize, blockLists, start, MeterOf(start.Tenant), now);
        slot.Computed = Math.Min(Math.Min(cached, arrival.Capacity), slot.Length - 1); // the last one's logits are wanted
        foreach (var block in arrival.Blocks)
            slot.DeviceBlocks.Add(block);
        GiveBackBeyond(slot, slot.Length);
        return slot;
    }

    private void GiveBackBeyond(SequenceSlot slot, int tokens) =>
        ledger.GiveBack(KvTier.Device, slot.Id, slot.DeviceBlocks, Math.Min(ledger.BlocksFor(tokens), slot.DeviceBlocks.Count));

    // At once, where it ran before and there is a place; a prefill wants all its blocks from the start.
    private void GoOn(SequenceSlot slot, double now)
    {
        var wanted = slot.BlocksFor(slot.Pending == 1 ? slot.Computed : slot.Length);
        if (slot.StartedAt is null || slot.Computed == 0 || slot.DeviceBlocks.Count < wanted || running.Count + loading.Count >= maxRunning)
        {
            Queue(slot, now);
            return;
        }

        slot.Phase = SequencePhase.Running;
        running.Add(slot);
    }

    private void Settle(SequenceSlot slot, MovingSequence state)
    {
        slot.Phase = SequencePhase.Parked;
        slot.Receipt = state.Receipt;
        slot.Tool = state.Tool;
        slot.ParkedAt = slot.ReturnStaleAt = state.ParkedAt;
        slot.KeptUntil = state.KeptUntil;
        slot.MirrorNext = slot.DeviceBlocks.Count - 1;
        parked.Add(slot);
    }

    private static void Restore(SequenceSlot slot, MovingSequence state)
    {
        slot.HighWater = state.HighWater;
        slot.QueuedAt = state.QueuedAt;
        slot.StartedAt = state.StartedAt;
        slot.RanAt = state.RanAt;
        slot.CachedAtStart = state.CachedAtStart;
        slot.KvTokenSeconds = state.KvTokenSeconds;
        slot.Preemptions = state.Preemptions;
        slot.Segment = state.Segment;
        slot.TotalGenerated = state.TotalGenerated;
        slot.ServiceSeconds = state.ServiceSeconds;
        slot.ServiceIterations = state.ServiceIterations;
        slot.Acceptance = state.Acceptance;
        slot.PausedBeside = state.PausedBeside;
        slot.QueuedBeside = state.QueuedBeside;
    }

    private void GiveBack(ExpectedSequence arrival, int from)
    {
        for (var i = arrival.Blocks.Count; i-- > from;)
            ledger.GiveBack(KvTier.Device, arrival.Id, arrival.Blocks[i]);
        arrival.Blocks.RemoveRange(Math.Min(from, arrival.Blocks.Count), Math.Max(0, arrival.Blocks.Count - from));
    }
}
