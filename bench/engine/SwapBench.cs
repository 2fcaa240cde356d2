using System.Diagnostics;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Bench.Engine;

/// <summary>
/// What swapping costs those that go on decoding: steps of a batch alone, and steps beside a cache that is copied out to the host and back in.
/// Both in turns, so that the machine is the same.
/// </summary>
internal sealed class SwapBench(IModelBackend backend, int sequences, int swappedTokens)
{
    private readonly StepBatch batch = new();
    private readonly StepResult result = new();

    /// <summary>Runs rounds of steps, each alone and then with one copy out and one in, and prints the medians.</summary>
    public void Run(int rounds, int steps)
    {
        int size = backend.Kv.BlockSize, blocks = (swappedTokens + size - 1) / size;
        int depth = 16 * size, table = depth / size + 1;
        if (backend.Kv.DeviceBlocks < sequences * table + blocks || backend.Kv.HostBlocks < blocks)
            throw new ArgumentException($"{backend.Kv.DeviceBlocks} + {backend.Kv.HostBlocks} blocks do not hold {sequences} sequences and {swappedTokens} tokens to swap.");
        Fill(depth, table);
        int firstSwapped = sequences * table;
        BlockCopy[] goOut = [.. Enumerable.Range(0, blocks).Select(i => new BlockCopy(KvTier.Device, firstSwapped + i, KvTier.Host, i))];
        BlockCopy[] comeIn = [.. goOut.Select(copy => new BlockCopy(KvTier.Host, copy.Target, KvTier.Device, copy.Source))];

        Steps(steps);
        var alone = new List<double>();
        var beside = new List<double>();
        long stepsToMove = 0;
        var before = backend.Transfers;
        for (int round = 0; round < rounds; round++)
        {
            alone.Add(Steps(steps));
            long moved = backend.Transfers.Blocks + 2 * blocks;
            backend.CopyBlocks(goOut);
            backend.CopyBlocks(comeIn);
            double seconds = 0;
            int taken = 0;
            for (; backend.Transfers.Blocks < moved; taken++) // as many steps as the copies take: nothing is hidden by idle steps
                seconds += Steps(1);
            for (; taken < steps; taken++)
                seconds += Steps(1);
            beside.Add(seconds / taken);
            stepsToMove = Math.Max(stepsToMove, taken);
        }
        var after = backend.Transfers;
        double slower = Median(beside.Zip(alone, (with, without) => with / without));
        double bytesPerSecond = (after.Blocks - before.Blocks) * backend.Kv.BytesPerBlock / (after.Seconds - before.Seconds);
        Console.WriteLine(FormattableString.Invariant(
            $"decode {sequences} @{depth}: {Median(alone) * 1e3:F2} ms/step alone, {Median(beside) * 1e3:F2} ms/step while {swappedTokens} tokens go out and in ({100 * (slower - 1):+0.0;-0.0} %)"));
        Console.WriteLine(FormattableString.Invariant(
            $"copies: {2 * blocks * backend.Kv.BytesPerBlock / 1e6:F1} MB a round beside {stepsToMove} steps at most, a budget of {bytesPerSecond / 1e9:F2} GB/s"));
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private double Steps(int count)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
            backend.ForwardAsync(batch, result, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / count;
    }

    private void Fill(int depth, int table)
    {
        int size = backend.Kv.BlockSize;
        batch.Reset(sequences, sequences, table);
        for (int s = 0; s < sequences; s++)
        {
            for (int i = 0; i < table; i++)
                batch.BlockTables[s * table + i] = s * table + i;
            (batch.TokenIds[s], batch.Positions[s], batch.SlotMapping[s]) = (s % backend.Model.VocabularySize, depth, (s * table + depth / size) * size + depth % size);
            (batch.ContextLengths[s], batch.LogitRows[s], batch.QueryStart[s + 1]) = (depth + 1, s, s + 1);
        }
        (batch.TokenCount, batch.SequenceCount, batch.LogitRowCount) = (sequences, sequences, sequences);
    }
}
