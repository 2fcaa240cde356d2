using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tests;

/// <summary>Clients whose tools take hours.</summary>
public sealed class LateResumeTests
{
    [Fact]
    public async Task Result_that_comes_hours_later_through_another_gateway_goes_on_after_the_silo_and_the_cache_are_gone()
    {
        var time = new ShiftedTime();
        await using var cluster = await PharosCluster.StartAsync(time, ("Cluster:VirtualSilos", "2"), ("Workers", "1"), ("Policy:Pause", "preserve"));
        await Eventually.Holds(async () => (await cluster.Scheduler.Describe()).Workers.Length == 2);
        var (id, segmentStart) = await ParkAsync(cluster);
        var worker = (await cluster.Request(id).Describe())!.Worker!;

        time.Shift(TimeSpan.FromHours(5));
        await cluster.Silos.KillSiloAsync(worker.Split('/')[1]);

        var outcome = await cluster.Request(id).Resume(Answer(cluster, id, segmentStart, "new"));
        Assert.Equal((ResumeKind.Resumed, id), (outcome.Kind, outcome.Request));
        var seen = await cluster.ReadAsync(id, "another-gateway", outcome.FromNotice);
        Assert.Equal("127*43+9 is 5470.", seen.Text);
        var description = (await cluster.Request(id).Describe())!;
        Assert.NotEqual(worker, description.Worker);
        Assert.True(description.Usage.ToolSeconds > 5 * 3600);
    }

    [Fact]
    public async Task Beyond_the_retention_the_request_is_forgotten_and_its_client_starts_anew()
    {
        var time = new ShiftedTime();
        await using var cluster = await PharosCluster.StartAsync(time, ("Cluster:VirtualSilos", "2"), ("Workers", "1"), ("ParkedRetention", "04:00:00"));
        await Eventually.Holds(async () => (await cluster.Scheduler.Describe()).Workers.Length == 2);
        var (id, segmentStart) = await ParkAsync(cluster);
        time.Shift(TimeSpan.FromHours(5));
        foreach (var silo in (await cluster.Scheduler.Describe()).Workers.Select(worker => worker.Silo).ToList())
        {
            await cluster.Silos.KillSiloAsync(silo); // its activation may be on either
            await cluster.Silos.StartSiloAsync(silo);
        }

        // Wherever it is found again, its time is over.
        await Eventually.Holds(async () => (await cluster.Request(id).Describe())?.State is null or "cancelled");
        Assert.NotEqual(ResumeKind.Resumed, (await cluster.Request(id).Resume(Answer(cluster, id, segmentStart, "new"))).Kind);
    }

    private static async Task<(string Id, int SegmentStart)> ParkAsync(PharosCluster cluster)
    {
        var id = cluster.NewId();
        var spec = cluster.Ask("What is 127*43+9?", ToolUse.Client);
        var parked = await cluster.RunAsync(spec, id);
        Assert.Equal(NoticeKind.Parked, parked.Last.Kind);
        return (id, spec.Tokens.Length);
    }

    private static ResumeSpec Answer(PharosCluster cluster, string id, int segmentStart, string attempt) => new(
        "tenant", "another-gateway", segmentStart, [new ToolResult(ToolCallId.Format(id, segmentStart, 0), "calculator", "5470", 0, false)], [],
        cluster.Ask("x").Options, attempt);

    /// <summary>The machine's clock, some hours ahead; timers run as ever.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        private long ticks;

        public void Shift(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref ticks));
    }
}
