using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Tests.Support;

/// <summary>What every position of every text says at every depth, by a run of its own through the first blocks.</summary>
internal sealed class ExitOracle(CpuBackend backend)
{
    private readonly Dictionary<(int Text, int Depth), float[][]> rows = [];

    public float[][] At(int text, int depth)
    {
        if (!rows.TryGetValue((text, depth), out var found))
            rows[(text, depth)] = found = StepDriver.RunDirectly(backend, new TestSequence(0, 1, 2, 3), ExitWorld.TextOf(text), depth);
        return found;
    }

    public (int Depth, float[] Logits) Of(int text, int position, ExitRule rule)
    {
        foreach (int depth in rule.IsOn ? ExitWorld.Exits : [])
        {
            if (Confidence(At(text, depth)[position]) >= rule.Threshold)
                return (depth, At(text, depth)[position]);
        }
        return (5, At(text, 5)[position]);
    }

    private static float Confidence(float[] row)
    {
        float highest = row.Max();
        double mass = 0;
        foreach (float logit in row)
            mass += MathF.Exp(logit - highest);
        return (float)(1 / mass);
    }
}

/// <summary>
/// Sequences that leave the model at different depths in one batch, are cut into chunks and moved about. What each row must say is known from the whole
/// text at once: the logits after the first exit that is sure enough, else those of the full model.
/// </summary>
/// <param name="requireSame">Compares rows of logits: what is expected, and what came.</param>
internal sealed class ExitWorld(IModelBackend backend, ExitOracle expected, Random dice, Action<float[], float[]> requireSame)
{
    private const int Sequences = 4, BlocksOfSequence = 4, LongestText = 60, HostBlocks = 8;

    public static int[] Exits { get; } = [1, 2, 4];

    public static TinyModel MultiHead { get; } = new TinyModel { Hidden = 64, Heads = 4, KvHeads = 4, HeadDim = 16, Layers = 5, Exits = Exits }.WithRandomWeights(8);

    public static TinyModel Grouped { get; } = new TinyModel { Hidden = 40, Heads = 4, KvHeads = 2, HeadDim = 20, Layers = 5, Exits = Exits, Window = 24 }.WithRandomWeights(9);

    private readonly Stack<int> free = new(Enumerable.Range(BlocksOfSequence, 2 * Sequences * BlocksOfSequence).OrderBy(_ => dice.Next()));
    private readonly Stack<int> host = new(Enumerable.Range(0, HostBlocks));

    public int Early { get; private set; }

    public int Audited { get; private set; }

    public static int[] TextOf(int text) => [.. Enumerable.Range(0, LongestText - 7 * text).Select(i => (i * 37 + text * 101 + i * i * (text + 1)) % 256)];

    public async Task RunAsync()
    {
        var driver = new StepDriver(backend);
        TestSequence[] sequences = [.. Enumerable.Range(0, Sequences).Select(_ => new TestSequence([.. Enumerable.Range(0, BlocksOfSequence).Select(_ => free.Pop())]))];
        var compared = 0;
        while (Enumerable.Range(0, Sequences).Any(i => sequences[i].Length < TextOf(i).Length))
        {
            int[] chosen = [.. Enumerable.Range(0, Sequences).Where(i => sequences[i].Length < TextOf(i).Length && dice.Next(4) > 0).OrderBy(_ => dice.Next())];
            if (chosen.Length == 0)
                continue;
            foreach (var sequence in sequences.Where(_ => dice.Next(8) == 0))
                Move(sequence);
            int[] from = [.. chosen.Select(i => sequences[i].Length)];
            Part[] parts = [.. chosen.Select(i => PartOf(sequences[i], i))];
            var rows = await driver.RunAsync(parts);
            int row = 0;
            for (int part = 0; part < parts.Length; part++)
            {
                int first = parts[part].AllRows ? 0 : parts[part].Tokens.Length - 1;
                for (int i = first; i < parts[part].Tokens.Length; i++, row++, compared++)
                    Compare(chosen[part], from[part] + i, parts[part].Exit ?? ExitRule.None, rows[row], driver.Result.Exits[row]);
            }
        }
        Assert.True(compared > Sequences);
    }

    private Part PartOf(TestSequence sequence, int text)
    {
        int[] tokens = TextOf(text);
        int count = dice.Next(5) == 0 ? Math.Min(1 + dice.Next(9), tokens.Length - sequence.Length) : 1;
        // Random weights are never sure: thresholds lie where their confidences do.
        ExitRule? rule = dice.Next(6) == 0 ? null : new ExitRule(0.01f + 0.09f * dice.NextSingle(), dice.Next(3) == 0 ? (ExitUse)dice.Next(3) : ExitUse.Taken);
        return new Part(sequence, tokens[sequence.Length..(sequence.Length + count)], AllRows: dice.Next(2) == 0, Exit: rule);
    }

    private void Compare(int text, int position, ExitRule rule, float[] logits, ExitReport report)
    {
        var (depth, row) = expected.Of(text, position, rule);
        bool isTried = rule.Use == ExitUse.Tried;
        Assert.Equal(isTried ? 5 : depth, report.Depth);
        requireSame(isTried ? expected.At(text, 5)[position] : row, logits);
        if (depth == 5)
            return;
        Early++;
        Assert.InRange(report.Margin, 0, report.Confidence);
        Assert.Equal(rule.Use != ExitUse.Taken, report.Agrees is not null);
        if (report.Agrees is not { } agrees)
            return;
        Audited++;
        Assert.Equal(Sampler.ArgMax(row) == Sampler.ArgMax(expected.At(text, 5)[position]), agrees);
    }

    // Out to the host and in again elsewhere: what waits in a block comes along.
    private void Move(TestSequence sequence)
    {
        int[] away = [.. sequence.Blocks.Select(_ => host.Pop())], back = [.. sequence.Blocks.Select(_ => free.Pop())];
        backend.CopyBlocks([.. away.Select((to, at) => new BlockCopy(KvTier.Device, sequence.Blocks[at], KvTier.Host, to))]);
        foreach (int block in sequence.Blocks)
            free.Push(block);
        sequence.Blocks = back;
        backend.CopyBlocks([.. away.Select((source, at) => new BlockCopy(KvTier.Host, source, KvTier.Device, back[at]))]);
        foreach (int block in away)
            host.Push(block);
    }
}
