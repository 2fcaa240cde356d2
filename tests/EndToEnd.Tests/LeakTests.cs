using Pharos.Grains;

namespace Pharos.EndToEnd.Tests;

/// <summary>Nothing leaks: after 500 requests of every kind all blocks are free and nobody is left in memory.</summary>
public sealed class LeakTests
{
    [Theory(Timeout = 2 * PharosGateway.GuardMilliseconds)]
    [InlineData(1, "lamps", 64_000_000)]
    [InlineData(2, "lamps", 6_400_000)] // hardly more than one full context: sequences lose their place again and again
    [InlineData(3, "preserve", 6_400_000)]
    [InlineData(4, "discard", 64_000_000)]
    public async Task Five_hundred_mixed_requests_leave_nothing_behind(int seed, string pause, int deviceBytes)
    {
        await using var gateway = await PharosGateway.StartAsync(
            "ParkedRetention=00:00:01", "FinishedRetention=00:00:01", $"Policy:Pause={pause}", $"Kv:DeviceBytes={deviceBytes}");
        var traffic = new Traffic(gateway.Http, seed);
        await traffic.RunAsync(requests: 500, atOnce: 48);

        var outcomes = traffic.Outcomes;
        var said = string.Join("; ", outcomes.OrderBy(one => one.Key).Select(one => $"{one.Key.Client} {one.Key.Outcome}: {one.Value}"));
        Assert.Equal(500, outcomes.Values.Sum());
        foreach (var ((client, outcome), _) in outcomes)
        {
            var expected = client switch
            {
                "bad" => outcome is "400" or "404",
                "plain" or "stream" or "run_tools" or "abandons its call" => outcome == "200",
                _ => outcome is "200" or "left",
            };
            Assert.True(expected, said);
        }

        await gateway.UntilAsync(
            "no request is left in memory",
            () => Task.FromResult(gateway.Cluster.Activations<IRequestGrain>().Count == 0),
            async () => string.Join("; ", await Task.WhenAll(gateway.Cluster.Activations<IRequestGrain>().Take(5).Select(one => gateway.Http.GetStringAsync("admin/requests/" + one.GrainId.Key)))));
        await gateway.UntilNothingIsHeldAsync();
        Assert.Equal(0, (await gateway.Http.FetchAsync("admin/workers")).Json.EnumerateArray().Sum(worker => worker.GetProperty("waiting").GetInt32()));
    }
}
