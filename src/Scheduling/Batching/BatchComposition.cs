using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Batching;

/// <summary>
/// How batches are composed by value density (Apt-Serve, arXiv 2504.07494, section 5): who runs next is chosen anew for each iteration among all that run
/// or wait, by what it is worth against the memory it takes, and with it what the cache of a newcomer holds.
/// </summary>
/// <param name="Name">As configurations and command lines have it.</param>
/// <param name="Value">Worth of a request by its pending time and its objective, seconds.</param>
/// <param name="CountsLosses">Taking a running request off the device is charged with the time to compute its cache again, for all that run.</param>
public sealed record BatchComposition(string Name, Func<double, double, double> Value, bool CountsLosses)
{
    /// <summary>Compact form that newcomers may be given; null: keys and values alone.</summary>
    public CacheForm? Compact { get; init; }

    /// <summary>Longest context of a compact cache, in tokens.</summary>
    public int MaxCompactContext { get; init; } = int.MaxValue;

    /// <summary>Seconds that a context token takes to be rebuilt, before it was measured.</summary>
    public double RebuildSeconds { get; init; }

    public ServiceObjective Objective { get; init; } = ServiceObjective.Chat;

    /// <summary>Apt-Serve as published.</summary>
    public static BatchComposition Published { get; } = new("apt-serve", PendingValue.Cliff, CountsLosses: false);

    /// <summary>The same with a smooth value past the objective, ageing, and the price of what is lost.</summary>
    public static BatchComposition Density { get; } = new("density", PendingValue.Smooth, CountsLosses: true);
}
