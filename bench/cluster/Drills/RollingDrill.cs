namespace Pharos.Bench.Cluster.Drills;

/// <summary>SIGTERM to one silo after the other, as a rollout does; none of the clients may notice, not even by a request to come back.</summary>
internal sealed class RollingDrill(int rounds) : IDrill
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    public Script[] Scripts { get; } = Script.Mixed(6);

    public async Task Run(LocalCluster cluster, Traffic traffic, Report report)
    {
        var leaving = new List<double>();
        for (var restart = 0; restart < rounds * cluster.Silos.Length && traffic.Failures.Count == 0; restart++)
        {
            var silo = restart % cluster.Silos.Length;
            await traffic.More(5, Grace);
            var began = TimeProvider.System.GetTimestamp();
            await cluster.Silos[silo].Terminate(Grace);
            leaving.Add(TimeProvider.System.GetElapsedTime(began).TotalSeconds);
            await traffic.More(5, Grace);
            cluster.RestartSilo(silo);
            await cluster.AllActive();
        }

        await traffic.Finish();
        report.Spread("silos drained and left", leaving);
        if (traffic.Postponed > 0)
            throw new DrillFailedException($"{traffic.Postponed} requests were told to come back later.");
    }
}
