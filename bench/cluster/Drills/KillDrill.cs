namespace Pharos.Bench.Cluster.Drills;

/// <summary>kill -9 of one silo after the other while answers run; each comes back before the next goes.</summary>
internal sealed class KillDrill(int rounds, int seed) : IDrill
{
    public Script[] Scripts { get; } = Script.Mixed(6);

    public async Task Run(LocalCluster cluster, Traffic traffic, Report report)
    {
        var random = new Random(seed);
        var interruptions = new List<Interruption>();
        for (var round = 1; round <= rounds && traffic.Failures.Count == 0; round++)
        {
            await traffic.More(5, TimeSpan.FromSeconds(60));
            var victim = random.Next(cluster.Silos.Length);
            interruptions.Add(await Interruption.Of(cluster, traffic, cluster.Silos[victim].Name));
            await cluster.Silos[victim].Kill();
            await traffic.More(5, TimeSpan.FromSeconds(60)); // without it
            cluster.RestartSilo(victim);
            await cluster.AllActive();
        }

        await traffic.Finish();
        report.Say($"{interruptions.Count} kills met {interruptions.Sum(one => one.Count)} running answers");
        if (interruptions.SelectMany(one => one.SecondsToResume()).ToList() is { Count: > 0 } seconds)
            report.Spread("from the kill until a client heard more", seconds);
        else
            throw new DrillFailedException("No kill met a running answer: nothing was tried.");
    }
}
