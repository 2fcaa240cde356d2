using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator.Tests;

public sealed class EveryPolicyTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var policy in SimulatedPolicies.All)
            {
                foreach (var prediction in (string[])["oracle", "noisy:0.5", "learned", "none"])
                    cases.Add(policy.Name, prediction);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Small_memory_under_overload_drains_and_repeats(string policy, string prediction)
    {
        var arrivals = Arrivals.Poisson(MixtureWorkload.Load("multi"), rate: 3, seconds: 40, seed: 7);
        var first = Run();
        var again = Run();
        Assert.Equal(arrivals.Count, first.Requests.Count(request => request.FinishedAt > request.FirstTokenAt || request.Session.Segments is [{ CompletionTokens: 1 }]));
        Assert.Equal(first.Requests.Select(request => request.FinishedAt), again.Requests.Select(request => request.FinishedAt));
        Assert.All(first.Requests, request => Assert.True(request.FinishedAt - request.ArrivedAt - request.Session.ToolSeconds > 0));
        Assert.InRange(first.Utilisation, 0.5, 1);

        SimulationResult Run() => Simulation.Run(new SimulationSetup(
            arrivals, 40, SimulatedPolicies.Find(policy), PredictionKinds.Find(prediction, 7)(), SimulatedProfile.Find("gptj-6b-a100").Device, 6_000, 4_000));
    }

    [Fact]
    public void Returned_request_stands_at_the_tail_with_vllm_and_keeps_its_age_with_discard()
    {
        // One place in the batch; the second request waits for it when the first comes back from its tool.
        var calls = new Session("test", 4, [new Segment(1, "tool", 0.001, 1), new Segment(1, null, 0, 0)]);
        var brief = new Session("test", 4, [new Segment(1, null, 0, 0)]);
        Assert.True(FirstEnds("discard"));
        Assert.False(FirstEnds("vllm"));

        bool FirstEnds(string policy)
        {
            var result = Simulation.Run(new SimulationSetup(
                [new Arrival(0, calls), new Arrival(0.001, brief), new Arrival(0.002, brief), new Arrival(0.003, brief)], 1, SimulatedPolicies.Find(policy),
                new OraclePredictions(), SimulatedProfile.Find("gptj-6b-a100").Device, 64, 0) { MaxSequences = 1 });
            return result.Requests[0].FinishedAt < result.Requests[3].FinishedAt;
        }
    }

    [Theory]
    [InlineData("gptj-6b-a100", 16.92, 0.0408, 43_600)]
    [InlineData("vicuna-13b-2xa100", 15.4, 0.0279, 24_400)]
    [InlineData("opt-13b-a100-40g", 20.86, 0.0833, 24_400)]
    [InlineData("llama-3-8b-h100", 13.13, 0.0162, 305_000)]
    public void Profile_has_the_constants_of_its_sources(string name, double constantMilliseconds, double tokenMilliseconds, double swapTokens)
    {
        var profile = SimulatedProfile.Find(name);
        Assert.Equal(constantMilliseconds, profile.Device.ConstantSeconds * 1e3, 2);
        Assert.Equal(tokenMilliseconds, profile.Device.SecondsPerToken * 1e3, 4);
        Assert.Equal(swapTokens, profile.Device.SwapTokensPerSecond, tolerance: 200);
        var arrivals = Arrivals.Poisson(MixtureWorkload.Load("multi"), rate: 1, seconds: 20, seed: 7);
        var result = Simulation.Run(new SimulationSetup(
            arrivals, 20, SimulatedPolicies.Find("lamps"), new OraclePredictions(), profile.Device, profile.KvTokens, profile.HostTokens));
        Assert.True(result.Wait.Mean > 0);
    }

    [Fact]
    public void Unknown_names_are_answered_with_those_that_exist()
    {
        Assert.Contains("vllm, discard", Assert.Throws<ArgumentException>(() => SimulatedPolicies.Find("best")).Message);
        Assert.Contains("gptj-6b-a100", Assert.Throws<ArgumentException>(() => SimulatedProfile.Find("abacus")).Message);
        Assert.Contains("noisy:P", Assert.Throws<ArgumentException>(() => PredictionKinds.Find("noisy:-1", 1)).Message);
        Assert.Contains("multi, single, coding", Assert.Throws<ArgumentException>(() => MixtureWorkload.Load("other")).Message);
    }
}
