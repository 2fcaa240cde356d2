using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>
/// A device that remembers which token of which sequence is in every slot of every block, executes plans as a real one would, and complains
/// when a sequence would attend to anything that is not its own context.
/// </summary>
/// <param name="author">Whose token a sequence has at a position: sequences that begin alike have one author there.</param>
public sealed class FakeDevice(WorkerLimits limits, Func<SequenceSlot, int, int> author)
{
    private readonly (int Sequence, int Position)[][][] tiers = // [tier][block][offset]
        [Empty(limits.DeviceBlocks, 2 * limits.BlockSize), Empty(limits.HostBlocks, 2 * limits.BlockSize)]; // room for compact forms

    public void Execute(IterationPlan plan, WorkerCore core)
    {
        foreach (var copy in plan.Copies)
            tiers[(int)copy.From][copy.Source].CopyTo(tiers[(int)copy.To][copy.Target], 0);
        foreach (var planned in plan.Batch)
        {
            var (slot, start, count, samples) = planned;
            var table = core.BlockTable(slot);
            Assert.True(table.Count * slot.TokensPerBlock >= start + count, $"{slot.Request} writes to {start + count} in {table.Count} blocks");
            Assert.Equal(samples, start + count - planned.Drafts == slot.Length);
            for (var position = start; position < start + count; position++)
                At(slot, table, position) = (author(slot, position), position);
        }

        // After all writes: a write into somebody else's block shows too.
        foreach (var (slot, start, count, _) in plan.Batch)
        {
            var table = core.BlockTable(slot);
            for (var position = 0; position < start + count; position++)
            {
                if (At(slot, table, position) != (author(slot, position), position))
                    Assert.Fail($"{slot.Request} attends at {position} to {At(slot, table, position)} instead of its own token");
            }
        }
    }

    private ref (int Sequence, int Position) At(SequenceSlot slot, IReadOnlyList<int> table, int position) =>
        ref tiers[0][table[position / slot.TokensPerBlock]][position % slot.TokensPerBlock];

    private static (int, int)[][] Empty(int blocks, int size) =>
        [.. Enumerable.Range(0, blocks).Select(_ => Enumerable.Repeat((-1, -1), size).ToArray())];
}
