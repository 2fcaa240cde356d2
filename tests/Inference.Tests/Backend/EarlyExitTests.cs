using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Sampling;
using Pharos.Inference.Tests.Support;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Tests.Backend;

/// <summary>
/// Sequences that leave the model at different depths in one batch. What each row must say is known from the whole text at once: the logits after the first
/// exit that is sure enough, else those of the full model.
/// </summary>
public sealed class EarlyExitTests
{
    private const int Sequences = 4, BlocksOfSequence = 4, LongestText = 60, HostBlocks = 8;
    private static readonly int[] Exits = [1, 2, 4];
    private static readonly TinyModel MultiHead = new TinyModel { Hidden = 64, Heads = 4, KvHeads = 4, HeadDim = 16, Layers = 5, Exits = Exits }.WithRandomWeights(8);
    private static readonly TinyModel Grouped = new TinyModel { Hidden = 40, Heads = 4, KvHeads = 2, HeadDim = 20, Layers = 5, Exits = Exits, Window = 24 }.WithRandomWeights(9);

    public static TheoryData<bool, WeightType, KvType, InstructionPath> Kinds()
    {
        var data = new TheoryData<bool, WeightType, KvType, InstructionPath>();
        foreach (var path in Enum.GetValues<InstructionPath>().Where(KernelSet.IsSupported))
            data.Add(path == KernelSet.Best.Path, WeightType.Bf16, KvType.Bf16, path);
        data.Add(false, WeightType.F32, KvType.F32, KernelSet.Best.Path);
        data.Add(true, WeightType.Int8, KvType.F32, KernelSet.Best.Path);
        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task AnyPlan_GivesTheBitsOfTheFirstSureExit(bool grouped, WeightType weights, KvType kv, InstructionPath path)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load((grouped ? Grouped : MultiHead).Write(folder.Path));
        var options = new CpuBackendOptions
        {
            WeightType = weights, KvType = kv, Instructions = path, DeviceBytes = 4 << 20, HostBytes = 1 << 20, WorkForThreads = 0, MaxTokensPerStep = 300, MaxSequences = 8,
            ExitWindow = 8,
        };
        CpuBackend[] backends = [.. new[] { 1, 3 }.Select(threads => CpuBackend.Create(model, options with { Threads = threads }))];
        try
        {
            Assert.Equal(Exits, backends[0].Limits.ExitLayers);
            var expected = new Oracle(backends[0]);
            int early = 0, agreed = 0;
            Check.One(
                Config.QuickThrowOnFailure.WithMaxTest(8),
                Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
                {
                    var world = new World(backends, expected, new Random(seed));
                    world.RunAsync().GetAwaiter().GetResult();
                    early += world.Early;
                    agreed += world.Audited;
                }));
            Assert.True(early > 100 && agreed > 10, $"{early} rows left early and {agreed} audits prove nothing.");
        }
        finally
        {
            foreach (var backend in backends)
                await backend.DisposeAsync();
        }
    }

    [Fact]
    public async Task AThresholdAboveOne_IsTheFullModelBitForBit()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(MultiHead.Write(folder.Path));
        await using var plain = CpuBackend.Create(model, new CpuBackendOptions { DeviceBytes = 1 << 20 });
        await using var leaving = CpuBackend.Create(model, new CpuBackendOptions { DeviceBytes = 1 << 20, ExitWindow = 16 });
        var (first, second) = (new StepDriver(plain), new StepDriver(leaving));
        var (one, other) = (new TestSequence(0, 1, 2, 3), new TestSequence(0, 1, 2, 3));
        foreach (int token in TextOf(0))
        {
            var expected = await first.RunAsync(new Part(one, [token]));
            var rows = await second.RunAsync(new Part(other, [token], Exit: new ExitRule(1.01f)));
            Assert.Equal(Bits(expected[0]), Bits(rows[0]));
            Assert.Equal(new ExitReport(5, 0, 0, null), second.Result.Exits[0]);
        }
    }

    [Fact]
    public async Task ADeficitThatCannotBe_IsRefused()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(MultiHead.Write(folder.Path));
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { DeviceBytes = 1 << 20, ExitWindow = 4 });
        var sequence = new TestSequence(0, 1) { Length = 5, Deficit = default(Deficit).Stopping(0).Stopping(0) };
        var error = await Assert.ThrowsAsync<ArgumentException>(() => new StepDriver(backend).RunAsync(new Part(sequence, [1])));
        Assert.Contains("2 tokens before position 5; only those of its window of 4", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuBackend.Create(model, new CpuBackendOptions { ExitWindow = 5 }));
    }

    private static int[] TextOf(int text) => [.. Enumerable.Range(0, LongestText - 7 * text).Select(i => (i * 37 + text * 101 + i * i * (text + 1)) % 256)];

    private static int[] Bits(float[] row) => [.. row.Select(BitConverter.SingleToInt32Bits)];

    /// <summary>What every position of every text says at every depth, by a run of its own through the first blocks.</summary>
    private sealed class Oracle(CpuBackend backend)
    {
        private readonly Dictionary<(int Text, int Depth), float[][]> rows = [];

        public float[][] At(int text, int depth)
        {
            if (!rows.TryGetValue((text, depth), out var found))
                rows[(text, depth)] = found = StepDriver.RunDirectly(backend, new TestSequence(0, 1, 2, 3), TextOf(text), depth);
            return found;
        }

        public (int Depth, float[] Logits) Of(int text, int position, ExitRule rule)
        {
            foreach (int depth in rule.IsOn ? Exits : [])
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

    private sealed class World(CpuBackend[] backends, Oracle expected, Random dice)
    {
        private readonly CpuBackend backend = backends[dice.Next(backends.Length)];
        private readonly Stack<int> free = new(Enumerable.Range(BlocksOfSequence, 2 * Sequences * BlocksOfSequence).OrderBy(_ => dice.Next()));
        private readonly Stack<int> host = new(Enumerable.Range(0, HostBlocks));

        public int Early { get; private set; }

        public int Audited { get; private set; }

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
            Assert.Equal(Bits(isTried ? expected.At(text, 5)[position] : row), Bits(logits));
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
}
