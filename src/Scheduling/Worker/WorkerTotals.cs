using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Worker;

/// <summary>Totals since the device was opened.</summary>
public sealed class WorkerTotals
{
    public long Iterations { get; internal set; }

    /// <summary>Time of the iterations.</summary>
    public double BusySeconds { get; internal set; }

    public long PrefillTokens { get; internal set; }

    public long GeneratedTokens { get; internal set; }

    public long RecomputedTokens { get; internal set; }

    /// <summary>Tokens that were not computed because another sequence had computed the same.</summary>
    public long SharedTokens { get; internal set; }

    /// <summary>Guessed tokens that were computed.</summary>
    public long DraftedTokens { get; internal set; }

    /// <summary>Of these, those that turned out right.</summary>
    public long AcceptedTokens { get; internal set; }

    public long Preemptions { get; internal set; }

    /// <summary>Starts before others because of a long wait.</summary>
    public long Promotions { get; internal set; }

    public long SwappedOutBlocks { get; internal set; }

    public long SwappedInBlocks { get; internal set; }

    public long Preserved { get; private set; }

    public long Swapped { get; private set; }

    public long Discarded { get; private set; }

    internal void Count(PauseAction action)
    {
        switch (action)
        {
            case PauseAction.Preserve: Preserved++; break;
            case PauseAction.Swap: Swapped++; break;
            default: Discarded++; break;
        }
    }
}
