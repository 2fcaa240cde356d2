using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Simulator.Replay;

namespace Pharos.Simulator.Tests;

public sealed class ShadowReplayTests
{
    private static readonly ReplayCluster Cluster = new(DeviceProfile.GptJ6bA100, Workers: 1, KvTokens: 1600, HostTokens: 0, BlockSize: 16, MaxSequences: 2);

    [Fact]
    public void Short_requests_behind_a_long_one_gain_against_first_come_first_served()
    {
        List<RequestSummary> served = [.. Enumerable.Range(0, 40).Select(i => Life($"long{i}", at: i * 0.5, prompt: 900, tokens: 300)), .. Enumerable.Range(0, 120).Select(i => Life($"short{i}", at: 0.1 + i * 0.15, prompt: 10, tokens: 5))];

        var result = ShadowReplay.Run(served, Cluster, "pharos", "pharos")!;
        var fcfs = result.Against.Single(other => other.Name == "fcfs");
        Assert.Equal(160, result.Requests);
        Assert.True(result.SavedSeconds(fcfs) > 0, $"{result.Replayed.Latency.Mean} against {fcfs.Latency.Mean}");
        Assert.Equal(100, result.Served.Mean, 6);
    }

    [Fact]
    public void Live_fcfs_saves_nothing_against_itself()
    {
        var result = ShadowReplay.Run([.. Enumerable.Range(0, 20).Select(i => Life($"r{i}", at: i * 0.1, prompt: 50, tokens: 20, tool: 0.7))], Cluster, "fcfs", "pharos")!;
        Assert.Equal(0, result.SavedSeconds(result.Against.Single(other => other.Name == "fcfs")));
        Assert.True(result.Replayed.Latency.Mean > 0.7, "the tool's time is part of the latency");
    }

    [Fact]
    public void What_was_not_seen_whole_or_fits_nowhere_is_left_out()
    {
        var whole = Life("a", at: 0, prompt: 20, tokens: 5);
        Assert.Null(ShadowReplay.Run([whole], Cluster, "pharos", "pharos"));
        var result = ShadowReplay.Run(
            [whole, Life("b", at: 1, prompt: 20, tokens: 5), whole with { Request = "c", PromptTokens = 0 }, whole with { Request = "d", State = SummaryState.Cancelled }, Life("e", at: 2, prompt: 5000, tokens: 5)],
            Cluster, "pharos", "pharos")!;
        Assert.Equal((2, 1.0), (result.Requests, result.WindowSeconds));
    }

    private static RequestSummary Life(string name, double at, int prompt, int tokens, double? tool = null)
    {
        SegmentOutcome[] segments = tool is { } seconds
            ? [new(name, 0, prompt, tokens, [new ToolOutcome("t", seconds, 4)], Ended: false), new(name, 1, prompt + tokens + 4, tokens, [], Ended: true)]
            : [new(name, 0, prompt, tokens, [], Ended: true)];
        return new RequestSummary(name, "t", SummaryState.Finished, "w", 0, 1000 + at, 1100 + at, segments.Length - 1, prompt, prompt, [], [.. segments]);
    }
}
