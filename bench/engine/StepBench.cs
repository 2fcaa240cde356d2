using System.Diagnostics;
using Pharos.Inference.Backend;

namespace Pharos.Bench.Engine;

/// <summary>Times steps of one shape and prints the median of the repeats.</summary>
internal sealed class StepBench(IModelBackend backend, int repeats)
{
    private const double SecondsOfRepeat = 0.3;
    private readonly StepBatch batch = new();
    private readonly StepResult result = new();

    /// <summary>One token each of <paramref name="sequences"/> sequences with <paramref name="depth"/> tokens of context.</summary>
    public void Decode(int sequences, int depth) => Measure($"decode {sequences,3} @{depth}", sequences, sequences, 1, depth);

    /// <summary>A prompt of <paramref name="tokens"/> tokens in one step.</summary>
    public void Prefill(int tokens) => Measure($"prefill {tokens}", tokens, 1, tokens, 0);

    private void Measure(string name, int tokens, int sequences, int queries, int depth)
    {
        Fill(sequences, queries, depth);
        Run(SecondsOfRepeat);
        double[] seconds = [.. Enumerable.Range(0, repeats).Select(_ => Run(SecondsOfRepeat)).Order()];
        double median = seconds[repeats / 2];
        Console.WriteLine(FormattableString.Invariant($"{name,-14} {tokens / median,10:F0} {median * 1e3,9:F3}"));
    }

    /// <summary>Seconds a step, over at least the given time.</summary>
    private double Run(double atLeast)
    {
        long start = Stopwatch.GetTimestamp();
        for (int steps = 1; ; steps++)
        {
            backend.ForwardAsync(batch, result, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (elapsed >= atLeast)
                return elapsed / steps;
        }
    }

    private void Fill(int sequences, int queries, int depth)
    {
        int size = backend.Kv.BlockSize, context = depth + queries, blocks = (context + size - 1) / size;
        batch.Reset(sequences * queries, sequences, blocks);
        for (int s = 0; s < sequences; s++)
        {
            for (int i = 0; i < blocks; i++)
                batch.BlockTables[s * blocks + i] = (s * blocks + i) % backend.Kv.DeviceBlocks;
            for (int q = 0; q < queries; q++)
            {
                int row = batch.TokenCount++, position = depth + q;
                batch.TokenIds[row] = (position * 31 + s * 17) % backend.Model.VocabularySize;
                batch.Positions[row] = position;
                batch.SlotMapping[row] = batch.BlockTables[s * blocks + position / size] * size + position % size;
            }
            batch.ContextLengths[s] = context;
            batch.LogitRows[batch.LogitRowCount++] = batch.TokenCount - 1;
            batch.QueryStart[++batch.SequenceCount] = batch.TokenCount;
        }
    }
}
