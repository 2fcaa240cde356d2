using System.Collections.Immutable;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Silo.Kubernetes;

namespace Pharos.Silo.Tests;

public sealed class PodDeletionCostTests
{
    [Fact]
    public void An_idle_pod_costs_nothing() => Assert.Equal(0, PodDeletionCost.Of([Worker()]));

    [Fact]
    public void What_runs_weighs_twice_what_is_parked()
    {
        var running = Worker(Held(SequencePhase.Running, device: 100, host: 0));
        var parked = Worker(Held(SequencePhase.Parked, device: 30, host: 70));
        Assert.Equal(200, PodDeletionCost.Of([running]));
        Assert.Equal(100, PodDeletionCost.Of([parked]));
        Assert.Equal(300, PodDeletionCost.Of([running, parked]));
    }

    [Fact]
    public void The_largest_cost_that_kubernetes_knows_is_not_passed() =>
        Assert.Equal(int.MaxValue, PodDeletionCost.Of([Worker(Held(SequencePhase.Running, device: int.MaxValue, host: 1))]));

    private static HeldSequence Held(SequencePhase phase, int device, int host) => new("r", 1, phase, device + host, device, host);

    private static WorkerSnapshot Worker(params HeldSequence[] sequences) => new(
        "spark/pod/0", "pod", "cpu", "spark", 1, 1, WorkerState.Active, new KvUse(16, 1, 10, 10, 0, 0, 0), 8, 512, 0.01, 100, [.. sequences],
        new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100);
}
