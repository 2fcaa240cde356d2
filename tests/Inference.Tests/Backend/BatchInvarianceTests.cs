using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Backend;

/// <summary>
/// The promise that everything above the engine builds on: a token's logits are the same bits whether its prompt runs whole, in chunks or token by
/// token, alone or in any batch, on one thread or several, whatever weights and caches are kept in.
/// </summary>
public sealed class BatchInvarianceTests
{
    private const int Sequences = 4, BlocksOfSequence = 5, LongestText = 70;

    public static TheoryData<WeightType, KvType, InstructionPath> Kinds()
    {
        var data = new TheoryData<WeightType, KvType, InstructionPath>();
        foreach (var path in Enum.GetValues<InstructionPath>().Where(KernelSet.IsSupported))
        {
            foreach (var weights in Enum.GetValues<WeightType>())
            {
                foreach (var kv in Enum.GetValues<KvType>())
                    data.Add(weights, kv, path);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task AnyPlan_GivesTheBitsOfAWholePromptAlone(WeightType weights, KvType kv, InstructionPath path)
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyModel { Hidden = 96, Heads = 6, KvHeads = 2, HeadDim = 20, Intermediate = 130, Tied = false }.WithRandomWeights(8);
        using var model = ModelDirectory.Load(tiny.Write(folder.Path));
        var options = new CpuBackendOptions { WeightType = weights, KvType = kv, Instructions = path, DeviceBytes = 4 << 20, HostBytes = 0, WorkForThreads = 0, MaxTokensPerStep = 300 };
        CpuBackend[] backends = [.. new[] { 1, 2, 3 }.Select(threads => CpuBackend.Create(model, options with { Threads = threads }))];
        try
        {
            var alone = new int[Sequences][][];
            for (int text = 0; text < Sequences; text++)
                alone[text] = Bits(await WholeAsync(backends[0], text));
            Check.One(
                Config.QuickThrowOnFailure.WithMaxTest(12),
                Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => RunAsync(backends, alone, new Random(seed)).GetAwaiter().GetResult()));
        }
        finally
        {
            foreach (var backend in backends)
                await backend.DisposeAsync();
        }
    }

    private static async Task RunAsync(CpuBackend[] backends, int[][][] alone, Random dice)
    {
        // One way of cutting a plan: whole prompts, single tokens, or anything between, with as many companions as chance has it.
        int longestChunk = dice.Next(4) switch { 0 => 1, 1 => LongestText, _ => 1 + dice.Next(24) };
        var driver = new StepDriver(backends[dice.Next(backends.Length)]);
        int[][] texts = [.. Enumerable.Range(0, Sequences).Select(TextOf)];
        TestSequence[] sequences = [.. Enumerable.Range(0, Sequences).Select(i =>
            new TestSequence([.. Enumerable.Range(i * BlocksOfSequence, BlocksOfSequence).OrderBy(_ => dice.Next())]))];
        int compared = 0;
        while (compared < texts.Sum(t => t.Length))
        {
            int[] chosen = [.. Enumerable.Range(0, Sequences).Where(i => sequences[i].Length < texts[i].Length && dice.Next(3) > 0).OrderBy(_ => dice.Next())];
            if (chosen.Length == 0)
                continue;
            int[] from = [.. chosen.Select(i => sequences[i].Length)];
            Part[] parts = [.. chosen.Select(i => new Part(
                sequences[i], texts[i][sequences[i].Length..Math.Min(texts[i].Length, sequences[i].Length + 1 + dice.Next(longestChunk))], AllRows: true))];
            int[][] rows = Bits(await driver.RunAsync(parts));
            int row = 0;
            for (int part = 0; part < parts.Length; part++)
            {
                for (int i = 0; i < parts[part].Tokens.Length; i++, row++, compared++)
                    Assert.Equal(alone[chosen[part]][from[part] + i], rows[row]);
            }
        }
        Assert.Equal(texts.Sum(t => t.Length), compared);
    }

    private static Task<float[][]> WholeAsync(CpuBackend backend, int text) =>
        new StepDriver(backend).RunAsync(new Part(new TestSequence(0, 1, 2, 3, 4), TextOf(text), AllRows: true));

    private static int[] TextOf(int text) => [.. Enumerable.Range(0, LongestText - 13 * text).Select(i => (i * 37 + text * 101 + i * i * (text + 1)) % 256)];

    private static int[][] Bits(float[][] rows) => [.. rows.Select(row => row.Select(BitConverter.SingleToInt32Bits).ToArray())];
}
