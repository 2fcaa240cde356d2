namespace Pharos.Bench.Cluster.Drills;

/// <summary>Every core of the machine has more to do than it can, for minutes: nobody may be held for dead who is only slow.</summary>
internal sealed class LoadDrill(TimeSpan lasts) : IDrill
{
    public Script[] Scripts { get; } = Script.Mixed(6);

    public async Task Run(LocalCluster cluster, Traffic traffic, Report report)
    {
        using var enough = new CancellationTokenSource();
        var burners = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() => Burn(enough.Token)) { IsBackground = true }).ToList();
        burners.ForEach(burner => burner.Start());
        await Task.Delay(lasts);
        await enough.CancelAsync();
        burners.ForEach(burner => burner.Join());
        await traffic.Finish();
        await cluster.AllActive();
        report.Say($"{burners.Count} threads and {Scripts.Length} scripts kept the machine busy for {lasts.TotalMinutes:F0} minutes");
        if (cluster.Evicted > 0)
            throw new DrillFailedException($"{cluster.Evicted} silos that were only slow were voted out.");
    }

    private static void Burn(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
            Thread.SpinWait(1000);
    }
}
