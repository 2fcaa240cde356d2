using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Batching;

/// <summary>
/// How batches are composed by value density (Apt-Serve, arXiv 2504.07494, section 5): who runs next is chosen anew for each iteration among all that run
/// or wait, by what it is worth against the memory it takes, and with it what the cache of a newcomer holds.
/// </summary>
/// <param name="Name">As configurations and command lines have it.</param>
/// <param name="Apart">
/// An iteration is of prompts alone, each whole, or of decodes alone, and the value is the time that a request has been pending; else both share
/// iterations, and the value is what <see cref="GoodputValue"/> says.
/// </param>
public sealed record BatchComposition(string Name, bool Apart)
{
    /// <summary>Compact form that newcomers may be given; null: keys and values alone.</summary>
    public CacheForm? Compact { get; init; }

    /// <summary>Longest context of a compact cache, in tokens.</summary>
    public int MaxCompactContext { get; init; } = int.MaxValue;

    /// <summary>Seconds that a context token takes to be rebuilt, before it was measured.</summary>
    public double RebuildSeconds { get; init; }

    /// <summary>Of requests that have none of their own.</summary>
    public ServiceObjective Objective { get; init; } = ServiceObjective.Chat;

    /// <summary>Apt-Serve as its published code has it (github.com/eddiegaoo/Apt-Serve, a scheduler for vLLM 0.5.0).</summary>
    public static BatchComposition Published { get; } = new("apt-serve", Apart: true);

    /// <summary>Requests that meet their objectives, for the memory they still hold over time.</summary>
    public static BatchComposition Density { get; } = new("density", Apart: false);
}
