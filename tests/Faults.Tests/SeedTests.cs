using Pharos.Bench.Faults;
using Pharos.Bench.Faults.Running;
using Pharos.Grains.Configuration;

namespace Pharos.Faults.Tests;

/// <summary>Clusters under faults: whatever goes wrong, each client gets the text that nobody disturbed, and nothing is left behind.</summary>
public sealed class SeedTests
{
    [Fact]
    public void Seeds_LoseNothing()
    {
        var kinds = new SortedSet<FaultKind>();
        var requests = 0;
        for (var seed = 1; seed <= 150; seed++)
        {
            var run = Simulation.Run(seed);
            Assert.True(run.Tally.Violations.Count == 0, $"seed {seed} ('dotnet run -c Release --project bench/faults -- --trace --from {seed}' shows it): {string.Join('\n', run.Tally.Violations)}");
            kinds.UnionWith(run.Tally.Faults.Keys);
            requests += run.Tally.Requests;
        }

        Assert.Equal(Enum.GetValues<FaultKind>(), [.. kinds]);
        Assert.True(requests > 1000, $"only {requests} requests were made");
    }

    [Theory, InlineData("pharos", "pharos"), InlineData("pharos-bounded", "pharos"), InlineData("fastserve", "ttl")]
    public void Policies_ThatSeedsDoNotDraw_LoseNothingEither(string rank, string pause)
    {
        for (var seed = 1; seed <= 15; seed++)
        {
            var run = Simulation.Run(seed, policies: new PolicyOptions { Rank = rank, Pause = pause });
            Assert.True(run.Tally.Violations.Count == 0, $"seed {seed}: {string.Join('\n', run.Tally.Violations)}");
            Assert.True(run.Tally.Requests > 0 && run.Tally.Faults.Count > 0);
        }
    }

    [Theory, InlineData(3), InlineData(31), InlineData(77), InlineData(1234)]
    public void SameSeed_IsTheSameRun_StepByStep(int seed)
    {
        var first = Simulation.Run(seed);
        var second = Simulation.Run(seed);
        Assert.Equal((first.Trace, first.Steps, first.VirtualSeconds), (second.Trace, second.Steps, second.VirtualSeconds));
        Assert.NotEqual(first.Trace, Simulation.Run(seed + 1).Trace);
    }

    [Fact]
    public void EveryRun_DrawsAtLeastThreeKindsOfFault() =>
        Assert.All(Enumerable.Range(1, 1000), seed => Assert.True(FaultPlan.DrawKinds(new Random(seed)).Count >= 3));

    [Theory]
    [InlineData(6, "an alarm whose write failed never rang again")]
    [InlineData(10, "the text of earlier segments was lost with the activation that had told it")]
    [InlineData(38, "a tool call whose message was lost waited for an hour")]
    [InlineData(156, "a reader could not begin where a failed device had ended, for ever")]
    [InlineData(1318, "a device that was opened anew had forgotten a request that nobody missed")]
    [InlineData(439, "two workers ran a request under the same epoch")]
    [InlineData(5, "a client was told of an end before that was written")]
    [InlineData(6337, "a move asked without end for what its source had lost after it had let go")]
    [InlineData(2393, "a sequence that was called off and ordered anew under its epoch was adopted into the blocks of the second order, which nothing had been read into")]
    [InlineData(8510, "the same, with tools")]
    [InlineData(79, "a resume that overtook the end of its segment started anew")]
    public void SeedThatFoundAMistake_StaysClean(int seed, string mistake)
    {
        var violations = Simulation.Run(seed).Tally.Violations;
        Assert.True(violations.Count == 0, $"seed {seed}, which once showed that {mistake}: {string.Join('\n', violations)}");
    }
}
