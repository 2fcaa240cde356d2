using Pharos.Scheduling.Routing;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator.Tests;

/// <summary>Several workers behind one pool. Each run checks by itself that no token, no block and no request is lost.</summary>
public sealed class ManyWorkersTests
{
    [Theory, MemberData(nameof(Policies))]
    public void Every_policy_drains_three_small_workers_under_overload(string policy)
    {
        foreach (var binding in Enum.GetValues<Binding>())
        {
            var result = Run(rate: 9, seconds: 20, workers: 3, policy, binding: binding);
            Assert.All(result.Requests, request => Assert.True(request.FinishedAt - request.ArrivedAt - request.Session.ToolSeconds > 0));
            Assert.InRange(result.Utilisation, 0.5, 1);
        }
    }

    [Fact]
    public void Three_workers_serve_three_times_the_rate_of_one_about_as_fast()
    {
        var one = Run(rate: 1, seconds: 60, workers: 1);
        var three = Run(rate: 3, seconds: 60, workers: 3);
        Assert.InRange(three.Wait.Mean / one.Wait.Mean, 0.5, 1.5);
    }

    [Fact]
    public void Caches_stay_where_they_are_unless_routing_ignores_them()
    {
        var (byMemory, inTurn) = (Run(2, 60, 3, routing: "memory-time"), Run(2, 60, 3, routing: "round-robin"));
        Assert.True(byMemory.Migrations < inTurn.Migrations / 4, $"{byMemory.Migrations} and {inTurn.Migrations}");
        Assert.True(byMemory.RecomputedTokens < inTurn.RecomputedTokens / 4, $"{byMemory.RecomputedTokens} and {inTurn.RecomputedTokens}");
    }

    [Fact]
    public void Run_of_many_workers_repeats()
    {
        var (first, again) = (Run(8, 20, 5), Run(8, 20, 5));
        Assert.Equal(first.Requests.Select(request => request.FinishedAt), again.Requests.Select(request => request.FinishedAt));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public void Number_of_workers_out_of_range_is_refused(int workers) =>
        Assert.Contains("1 to 1000", Assert.Throws<ArgumentException>(() => Run(1, 1, workers)).Message);

    public static TheoryData<string> Policies => [.. SimulatedPolicies.All.Select(policy => policy.Name)];

    private static SimulationResult Run(
        double rate, double seconds, int workers, string policy = "lamps", string routing = "memory-time", Binding binding = Binding.Late) =>
        Simulation.Run(new SimulationSetup(
            Arrivals.Poisson(MixtureWorkload.Load("multi"), rate, seconds, seed: 3), seconds, SimulatedPolicies.Find(policy), new OraclePredictions(),
            SimulatedProfile.Find("gptj-6b-a100").Device, 6_000, 4_000)
        {
            Workers = workers, Routing = routing, Binding = binding,
        });
}
