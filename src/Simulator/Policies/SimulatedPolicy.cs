using System.Collections.Immutable;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Worker;

namespace Pharos.Simulator.Policies;

/// <summary>A scheduler as papers name it: who goes first, and what happens to the cache during a tool call.</summary>
/// <param name="Source">What it stands for, with the paper.</param>
/// <param name="Ranking">Makes the order of waiting requests.</param>
/// <param name="Pausing">Decides over the cache at a call.</param>
/// <param name="ToolTimes">What it is told of a tool that was just called.</param>
public sealed record SimulatedPolicy(
    string Name, string Source, Func<IRankingPolicy> Ranking, Func<IPausePolicy> Pausing, ToolTimes ToolTimes = ToolTimes.Predicted)
{
    /// <summary>Its batches are composed by value density; null: by rank.</summary>
    public BatchComposition? Batches { get; init; }

    /// <summary>Prompts and decodes have iterations of their own.</summary>
    public bool PromptsApart { get; init; }
}

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
        new("ssjf", "the same with an end to waiting: first come, first served after 100 s or ten times the service (SSJF 2404.08509)",
            () => new SsjfRanking(), () => new FixedPause(PauseAction.Discard)),
        new("srpt", "fewest tokens left first, preemptive until 0.8 of the predicted length is out, cache discarded (TRAIL 2410.01035)",
            () => new SrptRanking(), () => new FixedPause(PauseAction.Discard)),
        new("ltr", "by predicted order of lengths alone, preemptive, lifted for 10 iterations after 200 idle ones, cache discarded (2408.15792)",
            () => new LtrRanking(), () => new FixedPause(PauseAction.Discard)),
        new("fastserve", "skip-join multi-level feedback queue without predictions, preemptive, cache swapped (FastServe 2305.05920)",
            () => new FastServeRanking(), () => new FixedPause(PauseAction.Swap)),
        new("continuum", "cache kept for the time that pays, programs by arrival (Continuum 2511.02230)",
            () => new ContinuumRanking(), () => new TimeToLivePause()),
        new("thunderagent", "under pressure the smallest program that waits for a tool is paused, the smallest resumed first (ThunderAgent 2602.13692)",
            () => new ThunderAgentRanking(), () => new SmallestFirstPause()),
        new("autellix", "least attained service of the program first, preemptive, caches least recently used (Autellix 2502.13965)",
            () => new AutellixRanking(), () => new LeastRecentPause()),
        new("lamps-published", "memory over time of the next call alone, handling of the cache fixed when a segment begins, lifted after 100 iterations only if it once ran (LAMPS 2410.18248, published code)",
            () => new LampsPublishedRanking(), () => new LampsPublishedPause()),
        new("lamps", "least memory over time first, least predicted waste, lifted after 100 iterations (LAMPS 2410.18248, clean form)",
            () => new LampsRanking(), () => new LeastWastePause()),
        new("pharos", "least memory over time and work of the whole remaining request first; caches stay until their memory is needed and are mirrored to the host",
            () => new PharosRanking(), () => new LazyPause()),
        new("pharos-bounded", "the same with a tail: large requests wait in order of arrival behind small ones until they are started, and nobody longer than promised while the load is sustainable",
            () => new PharosBoundedRanking(), () => new LazyPause()),
        new("vllm-0.5", "as vLLM 0.5 serves without chunked prefill: prompts go first, whole and in iterations of their own, and all that runs waits for them",
            () => new RequeueRanking(), () => new FixedPause(PauseAction.Discard)) { PromptsApart = true },
        new("apt-serve", "batches composed by pending time for the memory it takes, caches of keys and values or of hidden states, whoever misses its objective counts for nothing (Apt-Serve 2504.07494, published code)",
            () => new FcfsRanking(), () => new FixedPause(PauseAction.Discard)) { Batches = BatchComposition.Published with { Compact = CacheForm.Hidden }, PromptsApart = true },
        new("apt-density", "batches composed by requests that meet their objectives for the memory they still hold over time, caches of keys and values or of hidden states; displaced ones go to the host",
            () => new PharosRanking(), () => new LazyPause()) { Batches = BatchComposition.Density with { Compact = CacheForm.Hidden } },
        new("apt-density-int8", "the same with 8 bits as the compact form",
            () => new PharosRanking(), () => new LazyPause()) { Batches = BatchComposition.Density with { Compact = CacheForm.Int8 } },
        new("apt-density-kv", "the same with keys and values alone",
            () => new PharosRanking(), () => new LazyPause()) { Batches = BatchComposition.Density },
        new("pharos-nextcall", "ablation of pharos: the order looks at the coming segment alone",
            () => new PharosRanking(wholeRequest: false), () => new LazyPause()),
        new("pharos-nomissing", "ablation of pharos: context that is missing on the device costs nothing in the order",
            () => new PharosRanking(missingWeight: 0), () => new LazyPause()),
        new("pharos-nowork", "ablation of pharos: the order is memory over time alone, without the tokens of work left",
            () => new PharosRanking(workSeconds: 0), () => new LazyPause()),
        new("pharos-nomirror", "ablation of pharos: caches are copied out only when they are taken, and the host tier drops none for a better one",
            () => new PharosRanking(), () => new LazyPause(mirrors: false)),
        new("pharos-impatient", "ablation of pharos: a cache may be taken however soon its tool returns",
            () => new PharosRanking(), () => new LazyPause(patience: 0)),
        new("pharos-notlazy", "ablation of pharos: its order, and what happens to a cache decided at the call (least predicted waste)",
            () => new PharosRanking(), () => new LeastWastePause()),
        new("pharos-fcfs", "ablation of pharos: its caches, in order of arrival",
            () => new FcfsRanking(), () => new LazyPause()),
    ];

    /// <exception cref="ArgumentException">No policy has that name; the message lists those that exist.</exception>
    public static SimulatedPolicy Find(string name) =>
        All.FirstOrDefault(policy => policy.Name == name)
        ?? throw new ArgumentException($"Policy '{name}' is not known; there are: {string.Join(", ", All.Select(policy => policy.Name))}.");
}
