namespace Pharos.Scheduling.Worker;

/// <summary>Who owns which KV block, on the device and in the host tier. Every block has one owner or none.</summary>
public sealed class BlockLedger
{
    private const int Nobody = -1;
    private readonly int[][] owners; // [tier][block]
    // First freed, first reused: a copy out of a block is done long before somebody writes to it.
    private readonly Queue<int>[] free;

    public BlockLedger(int blockSize, int deviceBlocks, int hostBlocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(deviceBlocks, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(hostBlocks);
        BlockSize = blockSize;
        owners = [new int[deviceBlocks], new int[hostBlocks]];
        free = [new Queue<int>(deviceBlocks), new Queue<int>(hostBlocks)];
        for (var tier = 0; tier < 2; tier++)
        {
            Array.Fill(owners[tier], Nobody);
            for (var block = 0; block < owners[tier].Length; block++)
                free[tier].Enqueue(block);
        }
    }

    /// <summary>Tokens a block.</summary>
    public int BlockSize { get; }

    public int Total(KvTier tier) => owners[(int)tier].Length;

    public int Free(KvTier tier) => free[(int)tier].Count;

    /// <summary>Blocks that hold <paramref name="tokens"/> tokens.</summary>
    public int BlocksFor(int tokens) => (tokens + BlockSize - 1) / BlockSize;

    /// <summary>Takes <paramref name="count"/> blocks for an owner, all or none.</summary>
    public bool TryTake(KvTier tier, int count, int owner, List<int> into)
    {
        if (Free(tier) < count)
            return false;
        for (var i = 0; i < count; i++)
            into.Add(Take(tier, owner));

        return true;
    }

    /// <summary>Takes one of the free blocks; there must be one.</summary>
    public int Take(KvTier tier, int owner)
    {
        var block = free[(int)tier].Dequeue();
        owners[(int)tier][block] = owner;
        return block;
    }

    /// <summary>Gives back a block.</summary>
    /// <exception cref="InvalidOperationException">It is not this owner's: the caller's state is broken.</exception>
    public void GiveBack(KvTier tier, int owner, int block)
    {
        if (owners[(int)tier][block] != owner)
            throw new InvalidOperationException($"{tier} block {block} belongs to {owners[(int)tier][block]}, not to {owner} that gives it back.");
        owners[(int)tier][block] = Nobody;
        free[(int)tier].Enqueue(block);
    }

    /// <summary>Gives back all of <paramref name="blocks"/> from index <paramref name="from"/> on and takes them off the list.</summary>
    /// <exception cref="InvalidOperationException">A block is not this owner's: the caller's state is broken.</exception>
    public void GiveBack(KvTier tier, int owner, List<int> blocks, int from = 0)
    {
        for (var i = from; i < blocks.Count; i++)
            GiveBack(tier, owner, blocks[i]);
        blocks.RemoveRange(from, blocks.Count - from);
    }

    /// <summary>No block owned twice, none lost: every owned block is listed by its owner exactly once, the rest is free.</summary>
    /// <param name="held">(tier, owner, blocks) of everything alive.</param>
    /// <exception cref="InvalidOperationException">Says which block and how.</exception>
    public void CheckIntegrity(IEnumerable<(KvTier Tier, int Owner, IReadOnlyList<int> Blocks)> held)
    {
        int[] listed = [0, 0];
        var seen = new HashSet<(KvTier, int)>();
        foreach (var (tier, owner, blocks) in held)
        {
            foreach (var block in blocks)
            {
                if (!seen.Add((tier, block)))
                    throw new InvalidOperationException($"{tier} block {block} is held twice, the second time by {owner}.");
                if (owners[(int)tier][block] != owner)
                    throw new InvalidOperationException($"{tier} block {block} is held by {owner}, but the ledger says {owners[(int)tier][block]}.");
                listed[(int)tier]++;
            }
        }

        foreach (var tier in (KvTier[])[KvTier.Device, KvTier.Host])
        {
            if (listed[(int)tier] + Free(tier) != Total(tier))
                throw new InvalidOperationException($"{Total(tier) - listed[(int)tier] - Free(tier)} {tier} blocks are lost: {listed[(int)tier]} held, {Free(tier)} free of {Total(tier)}.");
        }
    }
}
