using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Inference.Models;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Batching;

/// <summary>
/// A step as the device gets it: one array of 64-bit integers, sent in one copy. Rows of the step stand in the order of its attention groups,
/// so that a group is a range of rows and nothing has to be gathered or scattered around attention. After an early exit, what is left of the step is
/// laid out anew.
/// </summary>
internal sealed class StepLayout(int blockSize, int trashBlock, double mostPadding, long mostBlocks, long mostRebuilt)
{
    private readonly AttentionGroups groups = new(mostPadding, mostBlocks, mostRebuilt);
    private readonly List<long> joined = [];
    private int[] rowOf = [];     // of the step's rows in their own order, as they are laid out
    private int[] rowBefore = []; // the same in the layout before
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

    /// <summary>Tokens whose hidden states are kept; 0: none of the step, else all have a place.</summary>
    public int HiddenTokens { get; private set; }

    /// <summary>Rows that come from states in the cache, after an exit.</summary>
    public int Joined { get; private set; }

    /// <summary>Rows that stopped at an exit.</summary>
    public int Kept { get; private set; }

    // Where the parts begin: [tokens] each of the first, then [rows] and so on, then a table [sequences, blocks] for each group.

    /// <summary>Ids of the tokens; after an exit the row that each was before, those that join counted behind all of them.</summary>
    public int TokenIds => 0;

    public int Positions => Tokens;

    /// <summary>Slots to write keys and values to; what has none writes to the trash block.</summary>
    public int Slots => 2 * Tokens;

    /// <summary>Places to write hidden states to, as <see cref="KvCache.TorchKvPool.WriteHidden"/> takes them.</summary>
    public int HiddenPlaces => 3 * Tokens;

    public int RowsOfLogits => HiddenPlaces + HiddenTokens;

    /// <summary>Slots of the states that join.</summary>
    public int JoinedSlots => RowsOfLogits + LogitRows;

    /// <summary>Rows before whose states are kept, then the slots for them.</summary>
    public int KeptRows => JoinedSlots + Joined;

    public int KeptSlots => KeptRows + Kept;

    public int Tables => KeptSlots + Kept;

    /// <summary>The whole step, at its beginning.</summary>
    /// <param name="wanted">Logit rows to be computed next.</param>
    public void Plan(StepBatch batch, StepRows rows, ReadOnlySpan<int> wanted)
    {
        joined.Clear();
        Lay(batch, rows, wanted, joins: 0, kept: 0);
        foreach (int sequence in groups.Order)
        {
            var (start, end) = rows.Of(sequence);
            for (int row = start; row < end; row++)
                data[TokenIds + rowOf[row]] = batch.TokenIds[row];
        }
    }

    /// <summary>What is left after an exit, where <paramref name="rows"/> have been regrouped.</summary>
    public void Regroup(StepBatch batch, StepRows rows, ReadOnlySpan<int> wanted)
    {
        (rowOf, rowBefore) = (rowBefore, rowOf);
        int before = Tokens;
        joined.Clear();
        int joins = 0;
        foreach (int source in rows.Sources.AsSpan(0, rows.Count))
            joins += source < 0 ? 1 : 0;
        Lay(batch, rows, wanted, joins, rows.Kept.Count);
        for (int row = 0; row < rows.Count; row++)
        {
            data[TokenIds + rowOf[row]] = rows.Sources[row] is >= 0 and var source ? rowBefore[source] : before + joined.Count;
            if (rows.Sources[row] < 0)
                joined.Add(rows.Slots[row]);
        }
        CollectionsMarshal.AsSpan(joined).CopyTo(data.AsSpan(JoinedSlots));
        for (int i = 0; i < Kept; i++)
            (data[KeptRows + i], data[KeptSlots + i]) = (rowBefore[rows.Kept[i].Row], rows.Kept[i].Slot);
    }

    private void Lay(StepBatch batch, StepRows rows, ReadOnlySpan<int> wanted, int joins, int kept)
    {
        groups.Plan(rows, batch.SequenceCount, blockSize);
        (Tokens, LogitRows, Joined, Kept) = (rows.Count, wanted.Length, joins, kept);
        HiddenTokens = rows.Forms.AsSpan(0, rows.Count).Contains(CacheForm.Hidden) ? Tokens : 0;
        Length = Tables;
        foreach (var group in groups.Groups)
            Length += group.Sequences * group.Blocks;
        if (data.Length < Length)
            data = new long[Math.Max(Length, 2 * data.Length)];
        if (rowOf.Length < Tokens)
            rowOf = new int[Math.Max(Tokens, 2 * rowOf.Length)];
        int next = 0;
        foreach (int sequence in groups.Order)
        {
            var (start, end) = rows.Of(sequence);
            for (int row = start; row < end; row++, next++)
                Place(rows, row, next);
        }
        for (int i = 0; i < LogitRows; i++)
            data[RowsOfLogits + i] = rowOf[rows.OfLogits(wanted[i])];
        FillTables(batch, rows);
    }

    private void Place(StepRows rows, int row, int at)
    {
        rowOf[row] = at;
        long slot = rows.Slots[row], trash = (long)trashBlock * blockSize;
        bool isHidden = rows.Forms[row] == CacheForm.Hidden;
        data[Positions + at] = rows.Positions[row];
        data[Slots + at] = slot >= 0 && !isHidden ? slot : trash;
        if (HiddenTokens == 0)
            return;
        var (block, offset) = Math.DivRem(slot, blockSize * CacheForm.Hidden.Density());
        data[HiddenPlaces + at] = slot >= 0 && isHidden ? (long)Page(block, (int)offset / blockSize) * blockSize + offset % blockSize : trash;
    }

    /// <summary>Blocks of hidden states fill the memory of a layer's keys first, then that of its values.</summary>
    private int Page(long block, int half) => half * (trashBlock + 1) + (int)block;

    private void FillTables(StepBatch batch, StepRows rows)
    {
        int at = Tables;
        foreach (var group in groups.Groups)
        {
            int density = group.Form.Density();
            foreach (int sequence in groups.Order.Slice(group.First, group.Sequences))
            {
                int blocks = (rows.Positions[rows.Of(sequence).End - 1] + blockSize) / blockSize;
                for (int i = 0; i < group.Blocks; i++)
                    data[at++] = i < blocks ? Page(batch.BlockTables[sequence * batch.BlockTableStride + i / density], i % density) : trashBlock;
            }
        }
    }
}
