namespace Pharos.Inference.Backend;

/// <summary>
/// The last tokens of a sequence that have no keys and values in the upper layers yet, because their steps ended at an early exit: for each, at which.
/// A later one never went deeper than an earlier one, for what is computed at a layer needs all before it there.
/// </summary>
public readonly record struct Deficit
{
    /// <summary>Most tokens it can hold.</summary>
    public const int MaxTokens = 15;

    private const int Bits = 4;                // of an exit's number
    private const ulong Mask = (1 << Bits) - 1;

    /// <summary>Most exits a model can have.</summary>
    public const int MaxExits = 1 << Bits;

    private readonly ulong exits; // the last token's in the lowest bits

    private Deficit(int count, ulong exits) => (Count, this.exits) = (count, exits);

    public int Count { get; }

    /// <summary>Number of the exit where a token ended.</summary>
    /// <param name="fromLast">0 is the last.</param>
    public int ExitOf(int fromLast) => (int)(exits >> (Bits * fromLast) & Mask);

    /// <summary>Tokens, the last ones, that have nothing in the layers above this exit.</summary>
    public int LackingAbove(int exit)
    {
        int count = 0;
        while (count < Count && ExitOf(count) <= exit)
            count++;
        return count;
    }

    /// <summary>With one more token, which ended at this exit and took with it all that had ended below.</summary>
    public Deficit Stopping(int exit)
    {
        if (Count >= MaxTokens)
            throw new InvalidOperationException($"A deficit of {Count} tokens has no room for one more; run it through the upper layers first.");
        ulong raised = (ulong)exit;
        for (int i = 0; i < Count; i++)
            raised |= (ulong)Math.Max(exit, ExitOf(i)) << (Bits * (i + 1));
        return new Deficit(Count + 1, raised);
    }
}
