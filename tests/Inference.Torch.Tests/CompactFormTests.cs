using Pharos.Grains.Tests.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Tests;

/// <summary>Sequences kept as hidden states, in one batch with others.</summary>
public sealed class CompactFormTests
{
    private const int Sequences = 4, BlocksOfSequence = 5;
    private static readonly BackendSettings Settings = new()
    {
        Dtype = "fp32", DeviceBytes = 4 << 20, HostBytes = 1 << 20, MaxTokensPerStep = 300, CompactForms = [CacheForm.Hidden], RebuildTokens = 100,
    };

    public static TheoryData<string> Names() => ["llama2", "mistral", "qwen3", "phi3-long", "gemma2", "gemma3"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Any_plan_of_mixed_forms_says_what_the_cpu_engine_says_of_each_text(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All[family]().WithRandomWeights(7).WriteDirectory(folder.Path));
        var expected = new float[Sequences][][];
        await using (var cpu = Engines.Cpu(model, Settings))
        {
            for (int text = 0; text < Sequences; text++)
                expected[text] = await new StepDriver(cpu).RunAsync(new Part(new TestSequence(0, 1, 2, 3, 4), TextOf(text), AllRows: true));
        }
        await using var torch = Engines.Torch(model, Settings);
        for (int seed = 0; seed < 4; seed++)
            await RunAsync(torch, expected, new Random(seed));
    }

    [Fact]
    public async Task Hidden_states_in_bf16_are_as_good_as_keys_and_values()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All["qwen3"]().WithRandomWeights(7).WriteDirectory(folder.Path));
        await using var torch = Engines.Torch(model, Settings with { Dtype = "bf16" });
        var driver = new StepDriver(torch);
        int[] text = TextOf(0);
        await driver.RunAsync(new Part(new TestSequence(0, 1, 2, 3, 4), text));
        float[][] expected = await driver.RunAsync(new Part(new TestSequence(0, 1, 2, 3, 4) { Length = 50 }, text[50..], AllRows: true));
        var kept = new TestSequence(7, 6, 5) { Form = CacheForm.Hidden };
        await driver.RunAsync(new Part(kept, text[..50]));
        float[][] rebuilt = await driver.RunAsync(new Part(kept, text[50..], AllRows: true));
        for (int row = 0; row < expected.Length; row++)
            Engines.AssertClose(expected[row], rebuilt[row], 0.06);
    }

    [Fact]
    public async Task Hidden_states_go_out_and_in_with_their_blocks()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All["qwen3"]().WithRandomWeights(7).WriteDirectory(folder.Path));
        await using var torch = Engines.Torch(model, Settings);
        var driver = new StepDriver(torch);
        var sequence = new TestSequence(2, 7) { Form = CacheForm.Hidden };
        var expected = await new StepDriver(torch).GenerateAsync(new TestSequence(0, 1) { Form = CacheForm.Hidden }, TextOf(1), 7);
        int[] first = await driver.GenerateAsync(sequence, TextOf(1), 3);
        torch.CopyBlocks([new BlockCopy(KvTier.Device, 2, KvTier.Host, 1), new BlockCopy(KvTier.Device, 7, KvTier.Host, 0)]);
        await driver.RunAsync(new Part(new TestSequence(2, 7), TextOf(3)[..20])); // someone else has the blocks meanwhile
        sequence.Blocks = [9, 3];
        torch.CopyBlocks([new BlockCopy(KvTier.Host, 1, KvTier.Device, 9), new BlockCopy(KvTier.Host, 0, KvTier.Device, 3)]);
        Assert.Equal(expected, first.Concat(await driver.GenerateAsync(sequence, [first[^1]], 4)));
    }

    [Fact]
    public void Forms_that_are_not_offered_or_save_nothing_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All["smollm"]().WithRandomWeights(7).WriteDirectory(folder.Path));
        var nothing = Assert.Throws<NotSupportedException>(() => Engines.Torch(model, Settings));
        Assert.Contains("saves nothing", nothing.Message, StringComparison.Ordinal);
        var other = Assert.Throws<NotSupportedException>(() => Engines.Torch(model, Settings with { CompactForms = [CacheForm.Int8] }));
        Assert.Contains("Int8", other.Message, StringComparison.Ordinal);
    }

    private static async Task RunAsync(IModelBackend torch, float[][][] expected, Random dice)
    {
        int longestChunk = dice.Next(3) switch { 0 => 70, 1 => 1, _ => 1 + dice.Next(24) };
        var driver = new StepDriver(torch);
        TestSequence[] sequences = [.. Enumerable.Range(0, Sequences).Select(i =>
            new TestSequence([.. Enumerable.Range(i * BlocksOfSequence, BlocksOfSequence).OrderBy(_ => dice.Next())]) { Form = (CacheForm)((i + dice.Next(2)) % 2) })];
        int compared = 0;
        while (compared < expected.Sum(rows => rows.Length))
        {
            int[] chosen = [.. Enumerable.Range(0, Sequences).Where(i => sequences[i].Length < expected[i].Length && dice.Next(4) > 0).OrderBy(_ => dice.Next())];
            if (chosen.Length == 0)
                continue;
            int[] from = [.. chosen.Select(i => sequences[i].Length)];
            Part[] parts = [.. chosen.Select((text, i) => new Part(sequences[text], TextOf(text)[from[i]..Math.Min(expected[text].Length, from[i] + 1 + dice.Next(longestChunk))], AllRows: true))];
            float[][] rows = await driver.RunAsync(parts);
            int row = 0;
            for (int part = 0; part < parts.Length; part++)
            {
                for (int i = 0; i < parts[part].Tokens.Length; i++, row++, compared++)
                    Engines.AssertClose(expected[chosen[part]][from[part] + i], rows[row], Engines.SinglePrecision);
            }
        }
        Assert.Equal(expected.Sum(rows => rows.Length), compared);
    }

    private static int[] TextOf(int text) => [.. Enumerable.Range(0, 70 - 13 * text).Select(i => (i * 37 + text * 101 + i * i * (text + 1)) % 256)];
}

/// <summary>Batches composed by density, whose newcomers may be kept as hidden states: every sequence says what it says alone.</summary>
public sealed class CompactFormRandomLoopTests : RandomLoopContract
{
    private const int RebuildTokens = 384;

    protected override int Seeds => 3;

    protected override IModelBackend Open(LoadedModel model, long deviceBytes, long hostBytes, int blockSize) => Engines.Torch(model, new BackendSettings
    {
        Dtype = "fp32", DeviceBytes = deviceBytes, HostBytes = hostBytes, BlockSize = blockSize, MaxTokensPerStep = 96, CompactForms = [CacheForm.Hidden], RebuildTokens = RebuildTokens,
    });

    [Theory]
    [InlineData("pharos")]
    [InlineData("swap")]
    public Task Batches_by_density_with_hidden_states_say_the_same(string pause) => CheckAsync(Open, "fcfs", pause, SomeHidden(RebuildTokens));
}
