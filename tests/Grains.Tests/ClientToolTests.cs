using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tests;

public sealed class ClientToolTests
{
    [Fact]
    public async Task Parked_request_goes_on_from_its_cache_when_the_client_brings_the_result()
    {
        await using var cluster = await PharosCluster.StartAsync(("Policy:Pause", "preserve"));
        var (id, call) = await ParkAsync(cluster);
        var outcome = await cluster.Request(id).Resume(Answer(cluster, call, "5470"));
        Assert.Equal(ResumeKind.Resumed, outcome.Kind);
        var seen = await cluster.ReadAsync(outcome.Request, "gateway", outcome.FromNotice);
        Assert.Equal("127*43+9 is 5470.", seen.Text);
        Assert.True(seen.Last.Usage!.CachedTokens > cluster.Ask("What is 127*43+9?").Tokens.Length, "prompt and call were in the cache");
    }

    [Fact]
    public async Task Result_brought_twice_forks_and_both_give_the_same_answer()
    {
        await using var cluster = await PharosCluster.StartAsync();
        var (id, call) = await ParkAsync(cluster);
        var first = await cluster.Request(id).Resume(Answer(cluster, call, "5470"));
        var again = await cluster.Request(id).Resume(Answer(cluster, call, "5470", "fork") with { Gateway = "another" });
        Assert.Equal((ResumeKind.Resumed, ResumeKind.Forked), (first.Kind, again.Kind));
        var texts = await Task.WhenAll(
            cluster.ReadAsync(first.Request, "gateway", first.FromNotice), cluster.ReadAsync(again.Request, "another", again.FromNotice));
        Assert.Equal(texts[0].Text, texts[1].Text);
    }

    [Fact]
    public async Task Result_of_another_tenant_or_of_an_unknown_request_is_unknown_and_leaves_nothing()
    {
        await using var cluster = await PharosCluster.StartAsync();
        var (id, call) = await ParkAsync(cluster);
        Assert.Equal(ResumeKind.Unknown, (await cluster.Request(id).Resume(Answer(cluster, call, "1") with { Tenant = "other" })).Kind);
        Assert.Equal(ResumeKind.Unknown, (await cluster.Request("nobody").Resume(Answer(cluster, call, "1"))).Kind);
        Assert.Equal(ResumeKind.Incomplete, (await cluster.Request(id).Resume(Answer(cluster, call, "1") with { Results = [] })).Kind);
        await Eventually.Holds(() => Task.FromResult(
            !cluster.Silos.Activations<IRequestGrain>().Any(activation => activation.GrainId.ToString().Contains("nobody"))));
    }

    [Fact]
    public async Task Draining_moves_parked_caches_elsewhere_and_the_request_goes_on_there()
    {
        await using var cluster = await PharosCluster.StartAsync(("Policy:Pause", "preserve"));
        await Eventually.Holds(async () => (await cluster.Scheduler.Describe()).Workers.Length == 2);
        var (id, call) = await ParkAsync(cluster);
        var worker = (await cluster.Request(id).Describe())!.Worker!;
        await cluster.Grains.GetGrain<IWorkerGrain>(worker).Drain(true);
        await Eventually.Holds(async () => (await cluster.Grains.GetGrain<IWorkerGrain>(worker).Describe()).State == WorkerState.Drained);
        Assert.NotEqual(worker, (await cluster.Request(id).Describe())!.Worker);

        var outcome = await cluster.Request(id).Resume(Answer(cluster, call, "5470"));
        var seen = await cluster.ReadAsync(outcome.Request, "gateway", outcome.FromNotice);
        Assert.Equal("127*43+9 is 5470.", seen.Text);
        Assert.Equal(1, seen.Last.Usage!.Migrations);
        Assert.True(seen.Last.Usage.CachedTokens > cluster.Ask("What is 127*43+9?").Tokens.Length, "the cache came along");
    }

    [Fact]
    public async Task Request_whose_worker_takes_nothing_goes_on_elsewhere_and_fetches_its_cache()
    {
        await using var cluster = await PharosCluster.StartAsync(("Policy:Pause", "preserve"));
        await Eventually.Holds(async () => (await cluster.Scheduler.Describe()).Workers.Length == 2);
        var (id, call) = await ParkAsync(cluster);
        var worker = (await cluster.Request(id).Describe())!.Worker!;
        await cluster.Grains.GetGrain<IWorkerGrain>(worker).Cordon();
        await Eventually.Holds(async () => (await cluster.Scheduler.Describe()).Workers.Any(one => one.State == WorkerState.Cordoned));

        var outcome = await cluster.Request(id).Resume(Answer(cluster, call, "5470"));
        var seen = await cluster.ReadAsync(outcome.Request, "gateway", outcome.FromNotice);
        Assert.Equal("127*43+9 is 5470.", seen.Text);
        var placed = (await cluster.Request(id).Describe())!.Timeline.Last(entry => entry.Route is not null);
        Assert.True(placed.Worker != worker && placed.Route!.MovesCache, placed.Route!.Because);
        Assert.True(seen.Last.Usage!.CachedTokens > cluster.Ask("What is 127*43+9?").Tokens.Length, "the cache came along");
        await Eventually.Holds(async () => (await cluster.WorkersAsync()).All(one => one.Sequences.IsEmpty && one.Kv.DeviceFree == one.Kv.DeviceBlocks));
    }

    [Fact]
    public async Task Tool_that_says_it_takes_long_has_its_cache_moved_out_of_the_way()
    {
        await using var cluster = await PharosCluster.StartAsync(("Policy:Pause", "lamps"), ("Prediction:ToolSeconds", "0.0001"));
        var (id, call) = await ParkAsync(cluster);
        Assert.False(await cluster.Request(id).ExpectTool("call_" + id + "_0_7", 1));
        Assert.True(await cluster.Request(id).ExpectTool(call.Id, 3600));
        await Eventually.Holds(async () => (await cluster.Request(id).Describe())!.Receipts[^1].Revisions is [{ Because: "the tool said when it returns" }]);

        var outcome = await cluster.Request(id).Resume(Answer(cluster, call, "5470"));
        Assert.Equal("127*43+9 is 5470.", (await cluster.ReadAsync(outcome.Request, "gateway", outcome.FromNotice)).Text);
        Assert.False(await cluster.Request(id).ExpectTool(call.Id, 1)); // it has returned
    }

    private static async Task<(string Id, ToolCall Call)> ParkAsync(PharosCluster cluster)
    {
        var id = cluster.NewId();
        var parked = await cluster.RunAsync(cluster.Ask("What is 127*43+9?", ToolUse.Client), id);
        Assert.Equal((NoticeKind.Parked, SegmentEndReason.ToolCalls), (parked.Last.Kind, parked.Last.Reason));
        Assert.Equal("parked", (await cluster.Request(id).Describe())!.State);
        var point = cluster.Ask("What is 127*43+9?").Tokens.Length;
        return (id, new ToolCall(ToolCallId.Format(id, point, 0), "calculator", "{}"));
    }

    private static ResumeSpec Answer(PharosCluster cluster, ToolCall call, string content, string newRequest = "new")
    {
        Assert.True(ToolCallId.TryParse(call.Id, out _, out var segmentStart, out _));
        return new ResumeSpec("tenant", "gateway", segmentStart, [new ToolResult(call.Id, call.Name, content, 0, false)], [], cluster.Ask("x").Options, newRequest);
    }
}
