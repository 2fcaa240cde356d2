namespace Pharos.Scheduling.Worker;

/// <summary>One sequence's part of an iteration.</summary>
/// <param name="Start">Absolute position of the first token to compute.</param>
/// <param name="Count">Tokens to compute, guessed ones among them.</param>
/// <param name="Samples">The last known of them gives the next token.</param>
public readonly record struct PlannedSequence(SequenceSlot Sequence, int Start, int Count, bool Samples)
{
    /// <summary>The last of the tokens are guesses: each gives a token too, which counts if all guesses up to it turn out right.</summary>
    public int Drafts { get; init; }
}

/// <summary>What the device does next: block copies in order, then one forward pass over the batch. Reused from iteration to iteration.</summary>
public sealed class IterationPlan
{
    /// <summary>Decodes (one token each) first, then prefill chunks.</summary>
    public List<PlannedSequence> Batch { get; } = [];

    /// <summary>How many of <see cref="Batch"/> compute a single token.</summary>
    public int Decodes { get; internal set; }

    /// <summary>To be executed in order, before the forward pass.</summary>
    public List<BlockCopy> Copies { get; } = [];

    /// <summary>The forward pass waits for all copies, even where the device could make them beside it.</summary>
    public bool WaitsForCopies { get; internal set; }

    /// <summary>Sequences that can go no further: they alone hold the whole device. To be ended by the caller.</summary>
    public List<SequenceSlot> OutOfMemory { get; } = [];

    /// <summary>Parked sequences whose cache handling was revised while planning.</summary>
    public List<SequenceSlot> Revised { get; } = [];

    public int Tokens { get; internal set; }

    /// <summary>Context tokens attended by the batch: for every computed token, those it looks at (<see cref="Costs.DeviceProfile.ContextAttended"/>).</summary>
    public long ContextTokens { get; internal set; }

    /// <summary>Context tokens of the sequences in compact forms: what the device rebuilds.</summary>
    public long RebuiltTokens { get; internal set; }

    public bool IsEmpty => Batch.Count == 0 && Copies.Count == 0 && OutOfMemory.Count == 0;

    internal void Clear()
    {
        Batch.Clear();
        Copies.Clear();
        OutOfMemory.Clear();
        Revised.Clear();
        Decodes = 0;
        Tokens = 0;
        ContextTokens = 0;
        RebuiltTokens = 0;
    }
}
