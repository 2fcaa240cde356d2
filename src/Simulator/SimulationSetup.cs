using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Routing;
using Pharos.Scheduling.Worker;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Reports;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator;

/// <summary>One run: what comes, what serves it, and what decides.</summary>
/// <param name="Window">Arrivals stop here, seconds; then the run drains.</param>
/// <param name="KvTokens">Device memory, in tokens of KV.</param>
/// <param name="HostTokens">Host memory for swapped caches, in tokens of KV.</param>
public sealed record SimulationSetup(
    IReadOnlyList<Arrival> Arrivals, double Window, SimulatedPolicy Policy, IPredictions Predictions, DeviceProfile Device, int KvTokens, int HostTokens)
{
    private const int MostWorkers = 1000;

    /// <summary>Tokens a block.</summary>
    public int BlockSize { get; init; } = 16;

    public int MaxSequences { get; init; } = 256;

    /// <summary>Devices, all alike.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Which of several workers a request goes to: a name of <see cref="RoutingPolicies"/>.</summary>
    public string Routing { get; init; } = "memory-time";

    /// <summary>When a request is bound to one of several workers.</summary>
    public Binding Binding { get; init; } = Binding.Late;

    /// <summary>Seconds to rebuild keys and values of a context token from the compact form of the policy's batches.</summary>
    public double RebuildSeconds { get; init; }

    /// <summary>What counts as goodput.</summary>
    public ServiceObjective Objective { get; init; } = ServiceObjective.Chat;

    /// <summary>Watches the first worker's memory; null: nobody does.</summary>
    public MemoryTimeline? Timeline { get; init; }

    internal WorkerLimits Limits => new(
        BlockSize, KvTokens / BlockSize, HostTokens / BlockSize, TokensPerIteration, MaxSequences, TokensPerIteration, LoadsAhead: true,
        PromptsApart: Policy.PromptsApart);

    // What cuts prompts into chunks keeps iterations short; what does not has a budget of the longest prompt there may be (vLLM's default was 2,048).
    private int TokensPerIteration => Policy.PromptsApart ? Math.Max(2048, Device.TokensPerIteration) : Device.TokensPerIteration;

    /// <exception cref="ArgumentException">Says what cannot be simulated, and why.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(KvTokens, BlockSize);
        ArgumentOutOfRangeException.ThrowIfNegative(HostTokens);
        if (Workers is < 1 or > MostWorkers)
            throw new ArgumentException($"--workers {Workers}: expected 1 to {MostWorkers}.");
        var most = Arrivals.Count == 0 ? 0 : Arrivals.Max(arrival => arrival.Session.MostContextTokens);
        if (most >= KvTokens / BlockSize * BlockSize)
            throw new ArgumentException($"A session grows to {most} tokens of context; a worker of {KvTokens} KV tokens can never hold it.");
    }
}
