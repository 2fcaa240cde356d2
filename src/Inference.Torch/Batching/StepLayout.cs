using Pharos.Inference.Backend;

namespace Pharos.Inference.Torch.Batching;

/// <summary>
/// A step as the device gets it: one array of 64-bit integers, sent in one copy. Rows of the step stand in the order of its attention groups,
/// so that a group is a range of rows and nothing has to be gathered or scattered around attention.
/// </summary>
internal sealed class StepLayout(int blockSize, int trashBlock, double mostPadding, long mostBlocks)
{
    private readonly AttentionGroups groups = new(mostPadding, mostBlocks);
    private int[] rowOfToken = [];
    private long[] data = [];

    /// <summary>Blocks that one attention call gathers at most.</summary>
    public long MostBlocks => mostBlocks;

    /// <summary>What is sent; the first <see cref="Length"/> entries count.</summary>
    public long[] Data => data;

    public int Length { get; private set; }

    public ReadOnlySpan<AttentionGroup> Groups => groups.Groups;

    /// <summary>Share of padding among what attention gathers.</summary>
    public double Padding => groups.Padding;

    public int Tokens { get; private set; }

    public int LogitRows { get; private set; }

    // Where the parts begin: [tokens] each, then [rows], then a table [sequences, blocks] for each group.
    public int TokenIds => 0;

    public int Positions => Tokens;

    /// <summary>Slots to write to; those without one write to the trash block.</summary>
    public int Slots => 2 * Tokens;

    public int RowsOfLogits => 3 * Tokens;

    public int Tables => RowsOfLogits + LogitRows;

    public void Plan(StepBatch batch)
    {
        groups.Plan(batch, blockSize);
        (Tokens, LogitRows) = (batch.TokenCount, batch.LogitRowCount);
        Length = Tables;
        foreach (var group in groups.Groups)
            Length += group.Sequences * group.Blocks;
        if (data.Length < Length)
            data = new long[Math.Max(Length, 2 * data.Length)];
        if (rowOfToken.Length < Tokens)
            rowOfToken = new int[Math.Max(Tokens, 2 * rowOfToken.Length)];

        int row = 0;
        foreach (int sequence in groups.Order)
        {
            for (int token = batch.QueryStart[sequence]; token < batch.QueryStart[sequence + 1]; token++, row++)
            {
                rowOfToken[token] = row;
                data[TokenIds + row] = batch.TokenIds[token];
                data[Positions + row] = batch.Positions[token];
                data[Slots + row] = batch.SlotMapping[token] >= 0 ? batch.SlotMapping[token] : (long)trashBlock * blockSize;
            }
        }
        for (int i = 0; i < LogitRows; i++)
            data[RowsOfLogits + i] = rowOfToken[batch.LogitRows[i]];
        FillTables(batch);
    }

    private void FillTables(StepBatch batch)
    {
        int at = Tables;
        foreach (var group in groups.Groups)
        {
            foreach (int sequence in groups.Order.Slice(group.First, group.Sequences))
            {
                int blocks = (batch.ContextLengths[sequence] + blockSize - 1) / blockSize;
                for (int i = 0; i < group.Blocks; i++)
                    data[at++] = i < blocks ? batch.BlockTables[sequence * batch.BlockTableStride + i] : trashBlock;
            }
        }
    }
}
