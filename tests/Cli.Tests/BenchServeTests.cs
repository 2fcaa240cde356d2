using Pharos.Cli.Bench;
using Pharos.EndToEnd.Tests;
using Pharos.Simulator.Workloads;

namespace Pharos.Cli.Tests;

[Collection(OneGateway.Name)]
public sealed class BenchServeTests(CliFixture cli)
{
    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task A_load_is_measured_in_the_fields_that_are_promised()
    {
        var result = await cli.JsonAsync("bench", "serve", "--rate", "50", "--requests", "20", "--output-tokens", "12", "--slo-ttft", "60", "--slo-itl", "60");
        Assert.Equal(["requests", "failed", "ttft", "itl", "e2e", "tokensPerSecond", "goodput"], result.EnumerateObject().Select(field => field.Name));
        Assert.Equal((20, 0), (result.GetProperty("requests").GetInt32(), result.GetProperty("failed").GetInt32()));
        foreach (var times in (string[])["ttft", "e2e"])
        {
            Assert.Equal(["mean", "p50", "p99"], result.GetProperty(times).EnumerateObject().Select(field => field.Name));
            Assert.True(result.GetProperty(times).GetProperty("p99").GetDouble() >= result.GetProperty(times).GetProperty("p50").GetDouble());
            Assert.True(result.GetProperty(times).GetProperty("mean").GetDouble() > 0);
        }

        Assert.True(result.GetProperty("tokensPerSecond").GetDouble() > 0);
        Assert.True(result.GetProperty("goodput").GetDouble() > 0);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Requests_that_fail_are_counted_with_their_reasons_and_no_goodput()
    {
        var ran = await cli.RunAsync("bench", "serve", "--model", "gpt-9", "--rate", "100", "--requests", "3");
        Assert.Equal(1, ran.Status);
        Assert.Contains("3 failed", ran.Output);
        Assert.Contains("gpt-9", ran.Output);
        Assert.Contains("goodput 0.00", ran.Output);
    }

    [Fact]
    public void Arrivals_repeat_with_their_seed_and_come_at_their_rate()
    {
        var once = LoadPlan.Of("poisson", null, rate: 10, seconds: 1000, requests: 100_000, seed: 7, promptTokens: 5, outputTokens: 9);
        Assert.Equal(once, LoadPlan.Of("poisson", null, 10, 1000, 100_000, 7, 5, 9));
        Assert.InRange(once.Count, 9_500, 10_500);
        Assert.All(once, request => Assert.Equal((5, 9), (request.PromptTokens, request.MaxTokens)));
        Assert.Equal([0, 0.5, 1, 1.5], LoadPlan.Of("constant", null, 2, 2, 100, 1, 5, 9).Select(request => request.At));
        Assert.Equal(3, LoadPlan.Of("constant", null, 2, 2, 3, 1, 5, 9).Count);
    }

    [Fact]
    public void Trace_arrivals_come_as_recorded_with_their_lengths()
    {
        var trace = new TimedWorkload("t", [new Arrival(0, new Session("c", 30, [new Segment(4, "t", 1, 5), new Segment(6, null, 0, 0)])), new Arrival(2.5, new Session("c", 8, [new Segment(3, null, 0, 0)]))]);
        Assert.Equal([new PlannedRequest(0, 30, 10), new PlannedRequest(2.5, 8, 3)], LoadPlan.Of("trace", trace, 1, 60, 100, 1, 1, 1));
        Assert.Throws<ArgumentException>(() => LoadPlan.Of("trace", null, 1, 60, 100, 1, 1, 1));
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 0)]
    public void Impossible_loads_are_refused(double rate, int requests, int tokens) =>
        Assert.Throws<ArgumentException>(() => LoadPlan.Of("poisson", null, rate, 10, requests, 1, tokens, 1));

    [Fact]
    public void Goodput_counts_those_that_met_both_objectives()
    {
        ServedRequest[] served =
        [
            new(0.2, [0.01, 0.03], 1, 10, null), // good
            new(0.2, [0.2, 0.2], 1, 10, null), // slow between tokens
            new(2.0, [0.01], 3, 10, null), // late
            new(0.1, [], 1, 1, "hung up"),
        ];
        var result = LoadResult.Of(served, seconds: 10, sloTtft: 1, sloItl: 0.1);
        Assert.Equal((4, 1, 0.1, 3.0), (result.Requests, result.Failed, result.Goodput, result.TokensPerSecond));
        Assert.Equal(new Times(0.8, 0.2, 2.0), result.Ttft);
        Assert.Equal(0.03, result.Itl.P50, 6);
    }
}
