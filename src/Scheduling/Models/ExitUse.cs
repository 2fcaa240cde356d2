namespace Pharos.Scheduling.Models;

/// <summary>What is made of a token that an early exit is sure of.</summary>
public enum ExitUse
{
    /// <summary>It counts, and nothing more is computed.</summary>
    Taken,

    /// <summary>It counts, and the full model is asked what it would have said.</summary>
    Audited,

    /// <summary>The full model's counts; whether the exit would have said the same is noted.</summary>
    Tried,
}
