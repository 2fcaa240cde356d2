using Pharos.Bench.Faults.Running;

namespace Pharos.Bench.Faults;

/// <summary>The store of request states: fails or is slow while the fault lasts.</summary>
internal sealed class FaultyStorage(Random random, TimeProvider time, Tally tally) : IStorageFaults
{
    /// <summary>Share of operations, 0 to 1.</summary>
    public double Fails { get; set; }

    public double Slow { get; set; }

    public async Task Before(StorageOperation operation, GrainId grain)
    {
        if (Slow > 0 && random.NextDouble() < Slow)
        {
            tally.Count(FaultKind.StorageSlow);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1500)), time);
        }

        Strike();
    }

    public Task After(StorageOperation operation, GrainId grain)
    {
        Strike();
        return Task.CompletedTask;
    }

    private void Strike()
    {
        if (Fails <= 0 || random.NextDouble() >= Fails)
            return;
        tally.Count(FaultKind.StorageFails);
        throw new IOException("the store fails on purpose");
    }
}
