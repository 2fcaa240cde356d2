using Pharos.Bench.Fuzz;
using Pharos.Grains;

namespace Pharos.EndToEnd.Tests;

/// <summary>Wrong bodies by the thousand: each is answered, none fails the gateway, nothing stays behind. <c>bench/fuzz</c> sends more of them.</summary>
public sealed class FuzzTests
{
    [Fact(Timeout = 2 * PharosGateway.GuardMilliseconds)]
    public async Task Mutated_bodies_are_answered_and_leave_nothing_behind()
    {
        await using var gateway = await PharosGateway.StartAsync(FuzzSettings.Settings);
        var run = new FuzzRun(gateway.Http, seed: 20);
        await run.Run(0, 3000, atOnce: 16);
        Assert.True(run.Violations.IsEmpty, string.Join("\n\n", run.Violations.Take(5)));
        Assert.Equal(3000, run.Statuses.Values.Sum());
        Assert.True(run.Statuses[200] > 200 && run.Statuses[400] > 1000, string.Join(", ", run.Statuses));
        await gateway.UntilAsync(
            "no grain is left in memory",
            () => Task.FromResult(gateway.Cluster.Activations<IRequestGrain>().Count == 0 && gateway.Cluster.Activations<IResponseGrain>().Count == 0));
        await gateway.UntilNothingIsHeldAsync();
    }

    [Fact]
    public void Same_number_is_the_same_body_and_another_is_another()
    {
        var bodies = Enumerable.Range(0, 500).Select(number => Convert.ToHexString(new BodyMutator(3, number).Make())).ToList();
        Assert.Equal(bodies, Enumerable.Range(0, 500).Select(number => Convert.ToHexString(new BodyMutator(3, number).Make())));
        Assert.True(bodies.Distinct().Count() > 350, "mutations are few");
    }
}
