namespace Pharos.Bench.Cluster.Drills;

/// <summary>
/// Sequences are sent from silo to silo while they run, as many at a time as there are, until so many have arrived: a token lost or doubled on the way, a wrong
/// bit in a cache, would show in the answers.
/// </summary>
internal sealed class MoveDrill(int moves, int seed) : IDrill
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public Script[] Scripts { get; } = Script.Mixed(6);

    public async Task Run(LocalCluster cluster, Traffic traffic, Report report)
    {
        var random = new Random(seed);
        var (asked, began) = (0, TimeProvider.System.GetTimestamp());
        var done = 0.0;
        while (done < moves && traffic.Failures.Count == 0)
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                throw new DrillFailedException($"In {Patience.TotalMinutes:F0} minutes {done} of {moves} sequences moved.");
            var workers = await cluster.Workers();
            var started = await Task.WhenAll((await cluster.Placements()).Select(placed =>
                cluster.Move(placed.Key, workers.Where(worker => worker != placed.Value).ElementAt(random.Next(workers.Count - 1)))));
            asked += started.Count(began => began);
            done = await cluster.Counted("pharos_migrations_total", "outcome=\"done\"");
        }

        await traffic.Finish();
        var aborted = await cluster.Counted("pharos_migrations_total", "outcome=\"aborted\"");
        report.Say($"{done} sequences moved in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F0} s, {aborted} stayed where they were, of {asked} that were told to while they ran");
    }
}
