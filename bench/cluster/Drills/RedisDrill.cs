namespace Pharos.Bench.Cluster.Drills;

/// <summary>Redis stands still for a while, then is killed and started again from its append-only file. What runs goes on; what is new waits or comes back later.</summary>
internal sealed class RedisDrill(TimeSpan away) : IDrill
{
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    public Script[] Scripts { get; } = Script.Mixed(4);

    public IReadOnlyDictionary<string, string> Settings => SlowDevices.Settings;

    public async Task Run(LocalCluster cluster, Traffic traffic, Report report)
    {
        await Outage("stood still", traffic, report, () =>
        {
            cluster.Redis.Stop();
            return Task.CompletedTask;
        }, cluster.Redis.Continue);
        await Outage("was killed and restarted", traffic, report, cluster.Redis.Kill, cluster.RestartRedis);
        await cluster.AllActive();
        await traffic.Finish();
        report.Say($"{traffic.Postponed} requests were told to come back later, and did");
    }

    private async Task Outage(string what, Traffic traffic, Report report, Func<Task> begin, Action end)
    {
        await traffic.More(5, TimeSpan.FromSeconds(60));
        var running = traffic.Running;
        await begin();
        var began = TimeProvider.System.GetTimestamp();
        await Task.Delay(away);
        var settled = TimeProvider.System.TimestampFrequency; // what was under way in the first second is no proof
        var wentOn = running.Count(one => one.HeardAt is [.., var last] && last - began > settled);
        end();
        var back = TimeProvider.System.GetTimestamp();
        await traffic.More(5, Recovery);
        report.Say(
            $"Redis {what} for {away.TotalSeconds:F0} s: {wentOn} of {running.Count} running answers were heard in it; {TimeProvider.System.GetElapsedTime(back).TotalSeconds:F1} s after its return five more were complete");
        if (wentOn == 0)
            throw new DrillFailedException("No running answer went on without Redis.");
    }
}
