using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Models;

/// <summary>
/// Which contexts of a step are to be rebuilt from their compact forms, and where in the scratch: in as many rounds as the scratch makes necessary. The
/// first round also has the sequences that need nothing.
/// </summary>
/// <param name="scratchBlocks">Blocks of keys and values that the scratch holds.</param>
/// <param name="rowsOfPart">Context tokens that one thread rebuilds at a time.</param>
internal sealed class RebuildPlan(int scratchBlocks, int blockSize, int rowsOfPart)
{
    private readonly List<Part> parts = [];
    private readonly List<int> partEnds = []; // [round]
    private int[] rounds = [];   // [sequence]
    private int[] firstBlock = []; // [sequence] in the scratch

    /// <summary>Consecutive context tokens of one sequence.</summary>
    public readonly record struct Part(int Sequence, int FirstToken, int Tokens);

    public int Rounds { get; private set; } = 1;

    public int RoundOf(int sequence) => rounds[sequence];

    /// <summary>Where the sequence's context lies in the scratch, from this block on.</summary>
    public int FirstBlock(int sequence) => firstBlock[sequence];

    public (int First, int End) Parts(int round) => (round == 0 ? 0 : partEnds[round - 1], partEnds[round]);

    public Part this[int part] => parts[part];

    public void Cut(StepBatch batch)
    {
        parts.Clear();
        partEnds.Clear();
        if (rounds.Length < batch.SequenceCount)
            (rounds, firstBlock) = (new int[batch.SequenceCount * 2], new int[batch.SequenceCount * 2]);
        int used = 0;
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            (rounds[sequence], firstBlock[sequence]) = (0, 0);
            if (batch.Forms[sequence] == CacheForm.Kv)
                continue;
            int context = batch.ContextLengths[sequence], blocks = (context + blockSize - 1) / blockSize;
            if (used + blocks > scratchBlocks)
            {
                partEnds.Add(parts.Count);
                used = 0;
            }
            (rounds[sequence], firstBlock[sequence]) = (partEnds.Count, used);
            used += blocks;
            for (int token = 0; token < context; token += rowsOfPart)
                parts.Add(new Part(sequence, token, Math.Min(rowsOfPart, context - token)));
        }
        partEnds.Add(parts.Count);
        Rounds = partEnds.Count;
    }
}
