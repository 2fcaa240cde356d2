using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.KvCache;

/// <summary>
/// The copies, numbered from 1 in the order they were posted, that the next user of a device block has to wait for; 0: none. Not thread-safe.
/// </summary>
internal sealed class BlockFences(int deviceBlocks)
{
    private readonly long[] lastInto = new long[deviceBlocks]; // number of the last copy that writes the block
    private readonly long[] lastFrom = new long[deviceBlocks]; // number of the last copy that reads it

    public void Note(BlockCopy copy, long number)
    {
        if (copy.From == KvTier.Device)
            lastFrom[copy.Source] = number;
        if (copy.To == KvTier.Device)
            lastInto[copy.Target] = number;
    }

    /// <summary>The copy after which a block may be read.</summary>
    public long ToRead(int block) => lastInto[block];

    /// <summary>The copy after which a block may be written.</summary>
    public long ToWrite(int block) => Math.Max(lastInto[block], lastFrom[block]);

    public long ToRead(ReadOnlySpan<int> blocks)
    {
        long fence = 0;
        foreach (int block in blocks)
            fence = Math.Max(fence, ToRead(block));
        return fence;
    }

    public long ToWrite(ReadOnlySpan<int> blocks)
    {
        long fence = 0;
        foreach (int block in blocks)
            fence = Math.Max(fence, ToWrite(block));
        return fence;
    }

    /// <summary>For a copy within the device.</summary>
    public long ToCopy(BlockCopy copy) => Math.Max(ToRead(copy.Source), ToWrite(copy.Target));

    /// <summary>The copy after which a step may run: its contexts are in, and what it overwrites is out.</summary>
    public long ToRun(StepBatch batch, KvShape kv)
    {
        long fence = 0;
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            int blockSize = kv.TokensPerBlock(batch.Forms[sequence]), blocks = (batch.ContextLengths[sequence] + blockSize - 1) / blockSize;
            fence = Math.Max(fence, ToRead(batch.BlockTables.AsSpan(sequence * batch.BlockTableStride, blocks)));
            for (int token = batch.QueryStart[sequence]; token < batch.QueryStart[sequence + 1]; token++)
            {
                if (batch.SlotMapping[token] >= 0)
                    fence = Math.Max(fence, ToWrite(batch.SlotMapping[token] / blockSize));
            }
        }
        return fence;
    }
}
