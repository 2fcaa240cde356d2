using System.Collections.Immutable;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Ranking;

namespace Pharos.Simulator.Policies;

/// <summary>A scheduler as papers name it: who goes first, and what happens to the cache during a tool call.</summary>
/// <param name="Source">What it stands for, with the paper.</param>
/// <param name="Ranking">Makes the order of waiting requests.</param>
/// <param name="Pausing">Decides over the cache at a call.</param>
/// <param name="ToolTimes">What it is told of a tool that was just called.</param>
public sealed record SimulatedPolicy(
    string Name, string Source, Func<IRankingPolicy> Ranking, Func<IPausePolicy> Pausing, ToolTimes ToolTimes = ToolTimes.Predicted);

/// <summary>What a policy is told of a tool's duration.</summary>
public enum ToolTimes
{
    /// <summary>What the run's predictions say.</summary>
    Predicted,

    /// <summary>Nothing, whatever the run's predictions are.</summary>
    Unknown,

    /// <summary>The truth, whatever the run's predictions are.</summary>
    True,
}

/// <summary>The policies by the names that the command line uses.</summary>
public static class SimulatedPolicies
{
    public static ImmutableArray<SimulatedPolicy> All { get; } =
    [
        new("vllm", "first come, first served, a returned request at the tail, cache discarded (vLLM, arXiv 2309.06180; baseline of 2402.01869)",
            () => new RequeueRanking(), () => new FixedPause(PauseAction.Discard)),
        new("discard", "by original arrival, cache always discarded (improved discard, INFERCEPT 2402.01869)",
            () => new FcfsRanking(), () => new FixedPause(PauseAction.Discard)),
        new("preserve", "by original arrival, cache always kept until memory is needed (preserve, INFERCEPT 2402.01869)",
            () => new FcfsRanking(), () => new FixedPause(PauseAction.Preserve)),
        new("swap", "by original arrival, cache always swapped to the host (swap, INFERCEPT 2402.01869)",
            () => new FcfsRanking(), () => new FixedPause(PauseAction.Swap)),
        new("infercept", "by original arrival, least waste taken anew in every iteration by the time already waited, swaps within the link's budget (INFERCEPT 2402.01869)",
            () => new FcfsRanking(), () => new InferceptPause(knowsDuration: false), ToolTimes: ToolTimes.Unknown),
        new("infercept-oracle", "the same with the tool's true duration (INFERCEPT 2402.01869, oracle)",
            () => new FcfsRanking(), () => new InferceptPause(knowsDuration: true), ToolTimes: ToolTimes.True),
        new("sjf", "least predicted output first, not preemptive, cache discarded (SSJF 2404.08509 without its aging)",
            () => new SjfRanking(), () => new FixedPause(PauseAction.Discard)),
        new("lamps-published", "memory over time of the next call alone, handling of the cache fixed when a segment begins, lifted after 100 iterations only if it once ran (LAMPS 2410.18248, published code)",
            () => new LampsPublishedRanking(), () => new LampsPublishedPause()),
        new("lamps", "least memory over time first, least predicted waste, lifted after 100 iterations (LAMPS 2410.18248, clean form)",
            () => new LampsRanking(), () => new LeastWastePause()),
        new("pharos", "least memory over time and work of the whole remaining request first; caches stay until their memory is needed and are mirrored to the host",
            () => new PharosRanking(), () => new LazyPause()),
        new("pharos-bounded", "the same with a tail: large requests wait in order of arrival behind small ones until they are started",
            () => new PharosBoundedRanking(), () => new LazyPause()),
    ];

    /// <exception cref="ArgumentException">No policy has that name; the message lists those that exist.</exception>
    public static SimulatedPolicy Find(string name) =>
        All.FirstOrDefault(policy => policy.Name == name)
        ?? throw new ArgumentException($"Policy '{name}' is not known; there are: {string.Join(", ", All.Select(policy => policy.Name))}.");
}
