using System.Diagnostics.CodeAnalysis;

namespace Pharos.InProcess;

/// <summary>A timer of one activation.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets both times anew; <see cref="Timeout.InfiniteTimeSpan"/> switches either off.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>How a grain timer runs.</summary>
public readonly struct GrainTimerCreationOptions()
{
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period) : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Time to the first run; <see cref="Timeout.InfiniteTimeSpan"/>: not before a Change.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>Time from the end of a run to the next; <see cref="Timeout.InfiniteTimeSpan"/>: run once.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Runs while a request of the grain is awaiting something.</summary>
    public bool Interleave { get; init; }

    /// <summary>A run counts as use, so that the activation isn't collected as idle.</summary>
    public bool KeepAlive { get; init; }
}
