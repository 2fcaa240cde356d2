using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Backend;

/// <summary>
/// One iteration of the whole batch as flat arrays: ragged, decodes first, then prefill chunks. Arrays are reused and grow;
/// only the first <see cref="TokenCount"/>, <see cref="SequenceCount"/> and <see cref="LogitRowCount"/> entries count.
/// </summary>
public sealed class StepBatch
{
    public int TokenCount;
    public int SequenceCount;
    public int LogitRowCount;

    /// <summary>Entries of a row of <see cref="BlockTables"/>.</summary>
    public int BlockTableStride;

    public int[] TokenIds = [];       // [tokens]
    public int[] Positions = [];      // [tokens] absolute position in the sequence
    public int[] SlotMapping = [];    // [tokens] block * tokens a block of its form + offset; -1: do not write
    public int[] QueryStart = [0];    // [sequences + 1] first token of each sequence in the flat arrays
    public int[] ContextLengths = []; // [sequences] tokens attended, those of this step included
    public CacheForm[] Forms = [];    // [sequences] what their blocks hold
    public int[] BlockTables = [];    // [sequences * stride] device block ids in order of position
    public int[] LogitRows = [];      // [rows] token index whose logits are wanted, ascending
    public SamplingStep[] Sampling = []; // [rows] for devices that sample
    public ExitRule[] Exits = [];     // [rows] for devices with early exits
    public Deficit[] Deficits = [];   // [sequences] of the context before this step's tokens, as the step before gave it

    /// <summary>A row's logits are wanted by the caller.</summary>
    public bool WantsLogits
    {
        get
        {
            foreach (ref readonly var step in Sampling.AsSpan(0, LogitRowCount))
            {
                if (step.WantsLogits)
                    return true;
            }
            return false;
        }
    }

    /// <summary>Set by backends that copy beside steps: the copy to wait for.</summary>
    internal long CopyFence;

    /// <summary>Empties the batch and makes room.</summary>
    public void Reset(int tokens, int sequences, int blockTableStride)
    {
        TokenCount = SequenceCount = LogitRowCount = 0;
        BlockTableStride = blockTableStride;
        Grow(ref TokenIds, tokens);
        Grow(ref Positions, tokens);
        Grow(ref SlotMapping, tokens);
        Grow(ref QueryStart, sequences + 1);
        Grow(ref ContextLengths, sequences);
        Grow(ref Forms, sequences);
        Array.Clear(Forms, 0, sequences);
        Grow(ref BlockTables, sequences * blockTableStride);
        Grow(ref LogitRows, tokens);
        Grow(ref Sampling, tokens);
        Grow(ref Exits, tokens);
        Array.Fill(Exits, ExitRule.None, 0, tokens);
        Grow(ref Deficits, sequences);
        Array.Clear(Deficits, 0, sequences);
        QueryStart[0] = 0;
    }

    private static void Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
            Array.Resize(ref array, Math.Max(length, array.Length * 2));
    }
}

/// <summary>How the token of a row is chosen, for devices that sample. See <see cref="Pharos.Inference.Sampling.Sampler"/> for the meaning.</summary>
/// <param name="Position">Absolute position of the token to be sampled: with the seed it fixes the random number.</param>
/// <param name="WantsLogits">The caller chooses from the row's logits: a device that samples fills them all the same.</param>
public readonly record struct SamplingStep(float Temperature, float TopP, int TopK, ulong Seed, int Position, bool WantsLogits = false);

/// <summary>What a step gives back; reused, so that a steady state allocates nothing.</summary>
public sealed class StepResult
{
    /// <summary>[rows * vocabulary] of <see cref="StepBatch.LogitRows"/>, in order; devices that sample fill the rows whose <see cref="SamplingStep.WantsLogits"/> is set.</summary>
    public float[] Logits = [];

    /// <summary>[rows] sampled tokens, for devices that sample.</summary>
    public int[] Tokens = [];

    /// <summary>[rows] where the logits came from, of devices with early exits.</summary>
    public ExitReport[] Exits = [];

    /// <summary>[sequences] what their caches lack now, of devices with early exits.</summary>
    public Deficit[] Deficits = [];

    /// <summary>Seconds the device worked on the step, for the online fit of the cost model.</summary>
    public double Seconds;

    public void Reserve(int rows, int vocabulary, bool logits)
    {
        if (logits && Logits.Length < rows * vocabulary)
            Logits = new float[rows * vocabulary];
        if (Tokens.Length < rows)
            Tokens = new int[rows];
    }

    internal void ReserveExits(int rows, int sequences)
    {
        if (Exits.Length < rows)
            Exits = new ExitReport[rows * 2];
        if (Deficits.Length < sequences)
            Deficits = new Deficit[sequences * 2];
    }
}
