namespace Pharos.Scheduling.Worker;

/// <summary>
/// Who holds which KV block, on the device and in the host tier. A block has one owner or none; a full block of the device may be published under a
/// key, and is then shared by all that hold it and kept, while memory allows, when nobody does. Published blocks are never written to.
/// </summary>
public sealed class BlockLedger
{
    private const int Nobody = -1, Everybody = -2;
    private readonly int[][] owners; // [tier][block]
    private readonly int[] holders; // [device block] of those that are published
    // First freed, first reused: a copy out of a block is done long before somebody writes to it.
    private readonly Queue<int>[] free;
    private readonly PrefixCache? prefixes;
    private readonly int[] released; // [device block] scratch: holders that would let go

    /// <param name="cachedBlocks">Most device blocks kept of those that nobody holds; 0: nothing is published.</param>
    public BlockLedger(int blockSize, int deviceBlocks, int hostBlocks, int cachedBlocks = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(deviceBlocks, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(hostBlocks);
        ArgumentOutOfRangeException.ThrowIfNegative(cachedBlocks);
        BlockSize = blockSize;
        owners = [new int[deviceBlocks], new int[hostBlocks]];
        holders = new int[deviceBlocks];
        released = new int[deviceBlocks];
        free = [new Queue<int>(deviceBlocks), new Queue<int>(hostBlocks)];
        prefixes = cachedBlocks > 0 ? new PrefixCache(deviceBlocks, cachedBlocks) : null;
        for (var tier = 0; tier < 2; tier++)
        {
            Array.Fill(owners[tier], Nobody);
            for (var block = 0; block < owners[tier].Length; block++)
                free[tier].Enqueue(block);
        }
    }

    /// <summary>Tokens a block.</summary>
    public int BlockSize { get; }

    /// <summary>Device blocks that are kept though nobody holds them; they count as free.</summary>
    public int Cached => prefixes?.Idle ?? 0;

    public bool Publishes => prefixes is not null;

    /// <summary>Blocks that hold <paramref name="tokens"/> tokens' keys and values.</summary>
    public int BlocksFor(int tokens) => (tokens + BlockSize - 1) / BlockSize;

    public int Total(KvTier tier) => owners[(int)tier].Length;

    /// <summary>Blocks that can be taken, cached ones among them.</summary>
    public int Free(KvTier tier) => free[(int)tier].Count + (tier == KvTier.Device ? Cached : 0);

    /// <summary>Takes <paramref name="count"/> blocks for an owner, all or none.</summary>
    public bool TryTake(KvTier tier, int count, int owner, BlockList into)
    {
        if (Free(tier) < count)
            return false;
        for (var i = 0; i < count; i++)
            into.Add(Take(tier, owner));

        return true;
    }

    /// <summary>Takes one of the free blocks; there must be one. What is cached goes last.</summary>
    public int Take(KvTier tier, int owner)
    {
        if (!free[(int)tier].TryDequeue(out var block))
            block = tier == KvTier.Device ? DropCached() : throw new InvalidOperationException("There is no free host block to take.");
        owners[(int)tier][block] = owner;
        return block;
    }

    /// <summary>Gives back a block.</summary>
    /// <exception cref="InvalidOperationException">It is not this owner's: the caller's state is broken.</exception>
    public void GiveBack(KvTier tier, int owner, int block)
    {
        if (tier == KvTier.Device && owners[0][block] == Everybody && holders[block] > 0)
        {
            LetGo(block);
            return;
        }

        if (owners[(int)tier][block] != owner)
            throw new InvalidOperationException($"{tier} block {block} belongs to {owners[(int)tier][block]}, not to {owner} that gives it back.");
        owners[(int)tier][block] = Nobody;
        free[(int)tier].Enqueue(block);
    }

    /// <summary>Gives back all of <paramref name="blocks"/> from index <paramref name="from"/> on, the last first, and takes them off the list.</summary>
    /// <exception cref="InvalidOperationException">A block is not this owner's: the caller's state is broken.</exception>
    public void GiveBack(KvTier tier, int owner, BlockList blocks, int from = 0)
    {
        for (var i = blocks.Count; i-- > from;)
            GiveBack(tier, owner, blocks[i]);
        blocks.Truncate(from);
    }

    /// <summary>A full block of the device, computed and never written to again, can be found under its key from now on.</summary>
    /// <param name="depth">Its place in the context, in blocks.</param>
    public void Publish(int owner, int block, UInt128 key, int depth)
    {
        if (prefixes is null || owners[0][block] == Everybody)
            return;
        if (owners[0][block] != owner)
            throw new InvalidOperationException($"Device block {block} belongs to {owners[0][block]}, not to {owner} that publishes it.");
        if (!prefixes.TryAdd(block, key, depth))
            return; // somebody else computed the same at the same time
        owners[0][block] = Everybody;
        holders[block] = 1;
    }

    /// <summary>Holds the block with this key, if there is one.</summary>
    public bool TryShare(UInt128 key, out int block)
    {
        block = prefixes?.Find(key) ?? -1;
        if (block < 0)
            return false;
        if (holders[block]++ == 0)
            prefixes!.Wake(block);
        return true;
    }

    /// <summary>A shared block has spared its holder the prefill.</summary>
    public void CountUse(int block) => prefixes!.CountUse(block);

    /// <summary>Whether it would become free if one holder let go.</summary>
    public bool IsHeldOnce(int block) => owners[0][block] != Everybody || holders[block] == 1;

    /// <summary>Begins to count what would become free.</summary>
    public void BeginRelease()
    {
        if (prefixes is not null)
            Array.Clear(released);
    }

    /// <summary>Blocks that would become free if these were given back too, after those counted since <see cref="BeginRelease"/>.</summary>
    public int CountReleased(BlockList blocks)
    {
        if (prefixes is null)
            return blocks.Count;
        var count = 0;
        for (var i = 0; i < blocks.Count; i++)
            count += owners[0][blocks[i]] != Everybody || ++released[blocks[i]] == holders[blocks[i]] ? 1 : 0;
        return count;
    }

    /// <summary>
    /// No block owned twice, none lost: every owned block is listed by its owner exactly once, every shared one by as many as hold it, the rest is free.
    /// </summary>
    /// <param name="held">(tier, owner, blocks) of everything alive.</param>
    /// <exception cref="InvalidOperationException">Says which block and how.</exception>
    public void CheckIntegrity(IEnumerable<(KvTier Tier, int Owner, IReadOnlyList<int> Blocks)> held)
    {
        var listed = new Dictionary<(KvTier Tier, int Block), int>();
        foreach (var (tier, owner, blocks) in held)
        {
            foreach (var block in blocks)
            {
                var times = listed[(tier, block)] = listed.GetValueOrDefault((tier, block)) + 1;
                var shared = tier == KvTier.Device && owners[0][block] == Everybody;
                if (times > (shared ? holders[block] : 1))
                    throw new InvalidOperationException($"{tier} block {block} is held {times} times, the last time by {owner}.");
                if (!shared && owners[(int)tier][block] != owner)
                    throw new InvalidOperationException($"{tier} block {block} is held by {owner}, but the ledger says {owners[(int)tier][block]}.");
            }
        }

        foreach (var tier in (KvTier[])[KvTier.Device, KvTier.Host])
        {
            var count = listed.Keys.Count(block => block.Tier == tier);
            if (count + Free(tier) != Total(tier))
                throw new InvalidOperationException($"{Total(tier) - count - Free(tier)} {tier} blocks are lost: {count} held, {Free(tier)} free of {Total(tier)}.");
        }

        for (var block = 0; block < holders.Length; block++)
        {
            if (owners[0][block] == Everybody && listed.GetValueOrDefault((KvTier.Device, block)) != holders[block])
                throw new InvalidOperationException($"Device block {block} has {holders[block]} holders, but {listed.GetValueOrDefault((KvTier.Device, block))} list it.");
        }

        prefixes?.CheckIntegrity(owners[0].Count(owner => owner == Everybody));
    }

    private void LetGo(int block)
    {
        if (--holders[block] > 0)
            return;
        prefixes!.Rest(block);
        if (prefixes.Idle <= prefixes.MostIdle)
            return;
        var dropped = DropCached();
        owners[0][dropped] = Nobody;
        free[0].Enqueue(dropped);
    }

    private int DropCached()
    {
        var block = prefixes?.Drop() ?? throw new InvalidOperationException("There is no free device block to take.");
        holders[block] = 0;
        return block;
    }
}
