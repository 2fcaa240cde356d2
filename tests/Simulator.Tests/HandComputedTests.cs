using System.Collections.Immutable;
using Pharos.Scheduling.Costs;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator.Tests;

/// <summary>
/// Cases small enough for paper. An iteration takes 1 s + 0.125 s a token, the link moves 16 tokens a second, a block has 4 tokens.
/// </summary>
public sealed class HandComputedTests
{
    private static readonly DeviceProfile Device = new(1, 0.125, 0, 64, 16);

    // 7 tokens of prompt, 3 generated, a tool of 10 s that returns 4, 2 generated. Its first segment takes 1.875 for the prompt and twice 1.125.
    private static readonly Session OneCall = Calls(7, new Segment(3, "tool", 10, 4), new Segment(2, null, 0, 0));

    [Fact]
    public void Preserved_request_computes_only_what_is_new()
    {
        var result = Run("preserve", (0, OneCall));
        // returns at 14.125: its last token and 4 more 1.625, one decode 1.125
        Assert.Equal(16.875, result.EndToEnd.Mean);
        Assert.Equal(6.875, result.Wait.Mean);
        Assert.Equal(1.875, result.TimeToFirstToken.Mean);
        Assert.Equal((15, 0), (result.ComputedTokens, result.RecomputedTokens));
        // three blocks parked for 10 s of 16.875 s, in a memory of 16 blocks
        Assert.Equal(3 * 10 / (16.875 * 16), result.IdleShare, 12);
    }

    [Fact]
    public void Discarded_request_computes_its_context_again()
    {
        var result = Run("discard", (0, OneCall));
        Assert.Equal(18.0, result.EndToEnd.Mean); // 14 tokens 2.75, one decode 1.125
        Assert.Equal((24, 9), (result.ComputedTokens, result.RecomputedTokens));
        Assert.Equal(9.0 / 24, result.RecomputedShare);
        Assert.Equal(0, result.IdleShare);
    }

    [Fact]
    public void Swapped_request_waits_for_the_link_only_on_its_way_back()
    {
        var result = Run("swap", (0, OneCall));
        Assert.Equal(16.875 + 0.75, result.EndToEnd.Mean); // three blocks of 0.25 s
        Assert.Equal((15, 0), (result.ComputedTokens, result.RecomputedTokens));
        Assert.Equal(0.75, result.StalledSeconds);
    }

    [Fact]
    public void Swap_out_costs_the_others_nothing()
    {
        // The other one came first and decodes in its own block while the copy is under way.
        var alone = Calls(1, new Segment(8, null, 0, 0));
        var swapped = Run("swap", (0, alone), (0, OneCall));
        var preserved = Run("preserve", (0, alone), (0, OneCall));
        Assert.Equal(preserved.Requests[0].FinishedAt, swapped.Requests[0].FinishedAt);
    }

    [Fact]
    public void Two_in_a_batch_share_the_constant()
    {
        var first = Calls(7, new Segment(2, null, 0, 0));
        var second = Calls(3, new Segment(2, null, 0, 0));
        var result = Run("preserve", (0, first), (0.5, second));
        // to 1.875 the first alone; to 3.375 its decode with the other's 3 tokens; to 4.5 the other's decode
        Assert.Equal(3.375, result.Requests[0].FinishedAt);
        Assert.Equal(3.375, result.Requests[1].FirstTokenAt);
        Assert.Equal(4.5, result.Requests[1].FinishedAt);
        Assert.Equal((1, 4.5 / 5), (result.FinishedInWindow - 1, result.Utilisation));
    }

    [Fact]
    public void Session_that_no_worker_can_hold_is_refused_before_the_run()
    {
        var error = Assert.Throws<ArgumentException>(() => Run("preserve", (0, Calls(60, new Segment(4, null, 0, 0)))));
        Assert.Contains("64 tokens of context", error.Message);
    }

    private static SimulationResult Run(string policy, params (double At, Session Session)[] arrivals) => Simulation.Run(new SimulationSetup(
        [.. arrivals.Select(one => new Arrival(one.At, one.Session))], 5, SimulatedPolicies.Find(policy), new OraclePredictions(), Device, 64, 64) { BlockSize = 4 });

    private static Session Calls(int prompt, params ImmutableArray<Segment> segments) => new("test", prompt, segments);
}
