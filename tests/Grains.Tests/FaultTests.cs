using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tests;

public sealed class FaultTests
{
    [Fact]
    public async Task Cancelled_request_leaves_no_block_and_no_activation()
    {
        await using var cluster = await PharosCluster.StartAsync(("FinishedRetention", "00:00:01"));
        var id = cluster.NewId();
        await cluster.Request(id).Start(cluster.Ask("count to 15", maxTokens: 300));
        await cluster.Request(id).Cancel("test");
        var seen = await cluster.ReadAsync(id, "gateway", 0);
        Assert.Equal(NoticeKind.Failed, seen.Last.Kind);
        await Eventually.Holds(() => Task.FromResult(cluster.Silos.Activations<IRequestGrain>().Count == 0));
        await Eventually.Holds(async () => (await cluster.WorkersAsync()).All(worker => worker.Kv.DeviceFree == worker.Kv.DeviceBlocks && worker.Sequences.IsEmpty));
    }

    [Fact]
    public async Task Request_whose_silo_was_killed_goes_on_elsewhere_with_the_same_text()
    {
        await using var cluster = await PharosCluster.StartAsync(("Cluster:VirtualSilos", "2"), ("Workers", "1"), ("Policy:Pause", "preserve"));
        await Eventually.Holds(async () => (await cluster.Scheduler.Describe()).Workers.Length == 2);
        var undisturbed = await cluster.RunAsync(cluster.Ask("What is 127*43+9?", ToolUse.Server));

        var gate = new TaskCompletionSource();
        cluster.Tools.Gate = gate.Task;
        var id = cluster.NewId();
        await cluster.Request(id).Start(cluster.Ask("What is 127*43+9?", ToolUse.Server));
        await Eventually.Holds(async () => (await cluster.Request(id).Describe())!.State == "calling_tools");
        var worker = (await cluster.Request(id).Describe())!.Worker!;
        await cluster.Silos.KillSiloAsync(worker.Split('/')[1]);
        gate.SetResult();

        await Eventually.Holds(async () => (await cluster.Request(id).Describe())!.State == "finished");
        var description = (await cluster.Request(id).Describe())!;
        Assert.NotEqual(worker, description.Worker);
        Assert.Equal(undisturbed.Last.Usage!.CompletionTokens, description.Usage.CompletionTokens);
        var again = await cluster.ReadAsync(id, "late", 0, follow: false);
        Assert.Equal(LastText(undisturbed), LastText(again));

        static string? LastText(Seen seen) => seen.Notices.Last(notice => notice.Kind == NoticeKind.SegmentEnded).Text;
    }

    [Theory]
    [InlineData(null)]
    [InlineData("""{"type":"string","minLength":60,"maxLength":80}""")]
    public async Task Tokens_delivered_before_a_loss_are_not_generated_again(string? schema)
    {
        // A device of 20 tokens a second: the segment is far from its end when the loss is told.
        await using var cluster = await PharosCluster.StartAsync(
            ("Cluster:VirtualSilos", "2"), ("Workers", "1"), ("Backend", "simulated"), ("Simulated:TokensPerSecond", "20"), ("Simulated:MinTokens", "40"), ("Simulated:MaxTokens", "60"));
        await Eventually.Holds(async () => (await cluster.Scheduler.Describe()).Workers.Length == 2);
        var spec = cluster.Ask("count to 15", maxTokens: 120, temperature: 0.8f, seed: 7);
        spec = spec with { Options = spec.Options with { Schema = schema } };
        var undisturbed = await cluster.RunAsync(spec);
        Assert.True(schema is null || undisturbed.Text.Length > 60 && undisturbed.Text[0] == '"' && undisturbed.Text[^1] == '"', undisturbed.Text);

        var id = cluster.NewId();
        await cluster.Request(id).Start(spec);
        var placed = await PlacedAsync(cluster, id, 0);
        await cluster.Request(id).WorkerLost(placed.Worker!, placed.Epoch, undisturbed.Tokens[..10], byReader: true);
        var rest = await cluster.ReadAsync(id, spec.Gateway, placed.Number + 1);
        var second = rest.Notices.First(notice => notice.Kind == NoticeKind.Placed);
        Assert.True(second.Epoch > placed.Epoch);
        Assert.Equal(spec.Tokens.Length + 10, second.Position);
        Assert.Equal(undisturbed.Tokens[10..].AsEnumerable(), rest.Tokens);
        Assert.Equal(undisturbed.Text[^rest.Text.Length..], rest.Text);
        Assert.Equal(undisturbed.Last.Usage!.CompletionTokens, rest.Last.Usage!.CompletionTokens);
    }

    private static async Task<RequestNotice> PlacedAsync(PharosCluster cluster, string id, int from)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (var notice in cluster.Request(id).Follow(from, patience.Token))
        {
            if (notice.Kind == NoticeKind.Placed)
                return notice;
        }

        throw new InvalidOperationException("never placed");
    }
}

/// <summary>Waits for what other turns bring about; fails after a while, so a test never hangs.</summary>
internal static class Eventually
{
    public static async Task Holds(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
            await Task.Delay(5, patience.Token);
    }
}
