using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Models;

/// <summary>
/// The rows that a layer works on: at first the tokens of the step. After an exit, those of sequences that go on, each behind the tokens of its deficit that
/// ended there, so that together they are one chunk of consecutive positions.
/// </summary>
internal sealed class StepRows(int capacity)
{
    private int[] starts = [];    // [sequences]
    private int[] ends = [];      // [sequences]; equal to the start: it has stopped
    private int[] oldStarts = [];
    private int[] oldEnds = [];
    private int[] logitAt = [];   // [logit rows] row where it is computed
    private int[] slots = new int[capacity], oldSlots = new int[capacity];

    public int Count { get; private set; }

    public int[] Positions { get; } = new int[capacity];

    public int[] Slots => slots;

    public CacheForm[] Forms { get; } = new CacheForm[capacity];

    /// <summary>After <see cref="Regroup"/>: the row it was before, or -1 for one whose state is kept in its slot.</summary>
    public int[] Sources { get; } = new int[capacity];

    /// <summary>After <see cref="Regroup"/>: rows, by their number before, whose states are to be kept, and the slots.</summary>
    public List<(int Row, int Slot)> Kept { get; } = [];

    public (int Start, int End) Of(int sequence) => (starts[sequence], ends[sequence]);

    /// <summary>Where a row of logits is computed; it must not have been left out.</summary>
    public int OfLogits(int logitRow) => logitAt[logitRow];

    /// <summary>All tokens of the step.</summary>
    public void Begin(StepBatch batch)
    {
        Count = batch.TokenCount;
        batch.Positions.AsSpan(0, Count).CopyTo(Positions);
        batch.SlotMapping.AsSpan(0, Count).CopyTo(Slots);
        if (starts.Length < batch.SequenceCount)
            (starts, ends, oldStarts, oldEnds) = (new int[batch.SequenceCount * 2], new int[batch.SequenceCount * 2], new int[batch.SequenceCount * 2], new int[batch.SequenceCount * 2]);
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            (starts[sequence], ends[sequence]) = (batch.QueryStart[sequence], batch.QueryStart[sequence + 1]);
            Forms.AsSpan(starts[sequence]..ends[sequence]).Fill(batch.Forms[sequence]);
        }
        if (logitAt.Length < batch.LogitRowCount)
            logitAt = new int[batch.LogitRowCount * 2];
        batch.LogitRows.AsSpan(0, batch.LogitRowCount).CopyTo(logitAt);
    }

    /// <summary>Leaves out sequences that stop, and lets the deficits of the others join.</summary>
    /// <param name="exit">Number of the exit.</param>
    /// <param name="stops">[sequences] it stops here, or has before.</param>
    public void Regroup(StepBatch batch, int blockSize, int exit, bool[] stops)
    {
        Kept.Clear();
        (starts, ends, oldStarts, oldEnds) = (oldStarts, oldEnds, starts, ends);
        (slots, oldSlots) = (oldSlots, slots);
        (Count, int logitRow) = (0, 0);
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            int from = oldStarts[sequence], to = oldEnds[sequence], first = batch.QueryStart[sequence];
            starts[sequence] = Count;
            if (stops[sequence])
            {
                for (int row = from; row < to; row++)
                    Kept.Add((row, oldSlots[row]));
            }
            else
            {
                int position = batch.Positions[first], before = batch.Deficits[sequence].LackingAbove(exit - 1);
                for (int back = batch.Deficits[sequence].LackingAbove(exit); back > before; back--)
                    Add(position - back, SlotOf(batch, sequence, position - back, blockSize), -1, batch.Forms[sequence]);
                for (int row = from; row < to; row++)
                    Add(position - before + row - from, oldSlots[row], row, batch.Forms[sequence]);
            }
            ends[sequence] = Count;
            int tokens = batch.QueryStart[sequence + 1];
            for (; logitRow < batch.LogitRowCount && batch.LogitRows[logitRow] < tokens; logitRow++)
                logitAt[logitRow] = Count - (tokens - batch.LogitRows[logitRow]);
        }
    }

    private void Add(int position, int slot, int source, CacheForm form)
    {
        (Positions[Count], Slots[Count], Sources[Count], Forms[Count]) = (position, slot, source, form);
        Count++;
    }

    private static int SlotOf(StepBatch batch, int sequence, int position, int blockSize) =>
        batch.BlockTables[sequence * batch.BlockTableStride + position / blockSize] * blockSize + position % blockSize;
}
