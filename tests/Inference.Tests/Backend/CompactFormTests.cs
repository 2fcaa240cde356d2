using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Tests.Backend;

/// <summary>Sequences whose caches are kept in compact forms, in one batch with others.</summary>
public sealed class CompactFormTests
{
    private const int Sequences = 4, BlocksOfSequence = 5, LongestText = 70;
    private static readonly TinyModel MultiHead = new TinyModel { Hidden = 64, Heads = 4, KvHeads = 4, HeadDim = 16, Intermediate = 130, Tied = false }.WithRandomWeights(8);
    private static readonly TinyModel Grouped = new TinyModel { Hidden = 96, Heads = 6, KvHeads = 2, HeadDim = 20, Intermediate = 130, Tied = false }.WithRandomWeights(8);

    public static TheoryData<WeightType, KvType, InstructionPath> Kinds()
    {
        var data = new TheoryData<WeightType, KvType, InstructionPath>();
        foreach (var path in Enum.GetValues<InstructionPath>().Where(KernelSet.IsSupported))
        {
            foreach (var kv in Enum.GetValues<KvType>())
                data.Add(path == InstructionPath.Avx2 ? WeightType.Int8 : WeightType.Bf16, kv, path);
        }
        data.Add(WeightType.F32, KvType.F32, KernelSet.Best.Path);
        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task AnyPlanOfMixedForms_GivesTheBitsOfEachFormAlone(WeightType weights, KvType kv, InstructionPath path)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(MultiHead.Write(folder.Path));
        // Room to rebuild two of the longest at a time: a step of four takes several rounds.
        var options = new CpuBackendOptions
        {
            WeightType = weights, KvType = kv, Instructions = path, DeviceBytes = 4 << 20, HostBytes = 0, WorkForThreads = 0, MaxTokensPerStep = 300,
            CompactForms = [CacheForm.Hidden, CacheForm.Int8], RebuildTokens = 150,
        };
        CpuBackend[] backends = [.. new[] { 1, 3 }.Select(threads => CpuBackend.Create(model, options with { Threads = threads }))];
        try
        {
            var alone = new Dictionary<(int Text, CacheForm Form), int[][]>();
            foreach (var form in Enum.GetValues<CacheForm>())
            {
                for (int text = 0; text < Sequences; text++)
                    alone[(text, form)] = Bits(await new StepDriver(backends[0]).RunAsync(new Part(new TestSequence(0, 1, 2, 3, 4) { Form = form }, TextOf(text), AllRows: true)));
            }
            for (int text = 0; kv == KvType.F32 && text < Sequences; text++)
            {
                for (int row = 0; row < alone[(text, CacheForm.Kv)].Length; row++)
                    Assert.Equal(alone[(text, CacheForm.Kv)][row], alone[(text, CacheForm.Hidden)][row]); // nothing was rounded: nothing differs
            }
            Check.One(
                Config.QuickThrowOnFailure.WithMaxTest(6),
                Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => RunAsync(backends, alone, new Random(seed)).GetAwaiter().GetResult()));
        }
        finally
        {
            foreach (var backend in backends)
                await backend.DisposeAsync();
        }
    }

    private static async Task RunAsync(CpuBackend[] backends, Dictionary<(int Text, CacheForm Form), int[][]> alone, Random dice)
    {
        int longestChunk = dice.Next(3) switch { 0 => LongestText, 1 => 1, _ => 1 + dice.Next(24) };
        var driver = new StepDriver(backends[dice.Next(backends.Length)]);
        int[][] texts = [.. Enumerable.Range(0, Sequences).Select(TextOf)];
        TestSequence[] sequences = [.. Enumerable.Range(0, Sequences).Select(i =>
            new TestSequence([.. Enumerable.Range(i * BlocksOfSequence, BlocksOfSequence).OrderBy(_ => dice.Next())]) { Form = (CacheForm)dice.Next(3) })];
        int compared = 0;
        while (compared < texts.Sum(t => t.Length))
        {
            int[] chosen = [.. Enumerable.Range(0, Sequences).Where(i => sequences[i].Length < texts[i].Length && dice.Next(4) > 0).OrderBy(_ => dice.Next())];
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
                    Assert.Equal(alone[(chosen[part], sequences[chosen[part]].Form)][from[part] + i], rows[row]);
            }
        }
        Assert.Equal(texts.Sum(t => t.Length), compared);
    }

    [Theory]
    [InlineData(KvType.F32)]
    [InlineData(KvType.Bf16)]
    public async Task EightBits_AnswerNearlyAsKeysAndValues(KvType kv)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Grouped.Write(folder.Path));
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { KvType = kv, DeviceBytes = 4 << 20, CompactForms = [CacheForm.Int8], RebuildTokens = 256 });
        var driver = new StepDriver(backend);
        int[] text = TextOf(0);
        var exact = await driver.RunAsync(new Part(new TestSequence(0, 1, 2, 3, 4), text, AllRows: true));
        var near = await driver.RunAsync(new Part(new TestSequence(7, 9, 8) { Form = CacheForm.Int8 }, text, AllRows: true));
        double error = 0, size = 0;
        for (int row = 0; row < text.Length; row++)
        {
            for (int i = 0; i < exact[row].Length; i++)
            {
                error += Math.Pow(exact[row][i] - near[row][i], 2);
                size += Math.Pow(exact[row][i], 2);
            }
        }
        Assert.InRange(Math.Sqrt(error / size), 1e-6, 0.03); // it is another form, and a good one
    }

    [Fact]
    public void FormsThatSaveNothing_AreRefusedByName()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Grouped.Write(folder.Path));
        Assert.Equal(CacheForm.Int8, CpuBackendOptions.CompactFormFor(model.Shape));
        var error = Assert.Throws<ArgumentException>(() => CpuBackend.Create(model, new CpuBackendOptions { CompactForms = [CacheForm.Hidden] }));
        Assert.Contains("CompactForms has Hidden, which saves nothing", error.Message);
    }

    [Fact]
    public async Task ScratchIsPartOfTheBudget_AndFormsNotOfferedAreRefused()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(MultiHead.Write(folder.Path));
        var options = new CpuBackendOptions { DeviceBytes = 1 << 20, KvType = KvType.F32 };
        await using var plain = CpuBackend.Create(model, options);
        await using var hybrid = CpuBackend.Create(model, options with { CompactForms = [CacheForm.Hidden], RebuildTokens = 64 });
        Assert.Equal(CacheForm.Hidden, CpuBackendOptions.CompactFormFor(model.Shape));
        Assert.Equal(plain.Kv.DeviceBlocks - 2, hybrid.Kv.DeviceBlocks); // 4 blocks of one layer, of two
        var text = TextOf(0);
        await Assert.ThrowsAsync<ArgumentException>(() => new StepDriver(plain).RunAsync(new Part(new TestSequence(0, 1, 2) { Form = CacheForm.Hidden }, text)));
        var tooLong = await Assert.ThrowsAsync<ArgumentException>(() => new StepDriver(hybrid).RunAsync(new Part(new TestSequence(0, 1, 2) { Form = CacheForm.Hidden }, text)));
        Assert.Contains("70 tokens in the form Hidden; up to 64 can be rebuilt", tooLong.Message);
    }

    private static int[] TextOf(int text) => [.. Enumerable.Range(0, LongestText - 13 * text).Select(i => (i * 37 + text * 101 + i * i * (text + 1)) % 256)];

    private static int[][] Bits(float[][] rows) => [.. rows.Select(row => row.Select(BitConverter.SingleToInt32Bits).ToArray())];
}
