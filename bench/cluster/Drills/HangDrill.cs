namespace Pharos.Bench.Cluster.Drills;

/// <summary>
/// A silo stands still (SIGSTOP) for longer than the others wait for it, and then goes on as if nothing had been. What it was doing has gone on elsewhere; it has
/// to hear that it is out, and its words are void: a doubled or different token would show in the answers.
/// </summary>
internal sealed class HangDrill(int rounds, int seed, TimeSpan still) : IDrill
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
            cluster.Silos[victim].Stop();
            await Task.Delay(still);
            cluster.Silos[victim].Continue();
            await traffic.More(5, TimeSpan.FromSeconds(60));
            for (var waited = 0; waited < 50 && !cluster.Silos[victim].HasExited; waited++)
                await Task.Delay(100); // it may not have been missed
            await cluster.AllActive();
        }

        await traffic.Finish();
        report.Say($"{interruptions.Count} silos stood still for {still.TotalSeconds:F0} s and met {interruptions.Sum(one => one.Count)} running answers; {cluster.Evicted} silos heard that they were out, and ended");
        if (interruptions.SelectMany(one => one.SecondsToResume()).ToList() is { Count: > 0 } seconds)
            report.Spread("from the stop until a client heard more", seconds);
        else
            throw new DrillFailedException("No running answer was on the silo: nothing was tried.");
    }
}
