using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Backend;

/// <summary>Sequences that began on the first layers of a model and go on when more of them are loaded: nobody can tell that they were not there from the beginning.</summary>
public sealed class DeepeningTests
{
    private static readonly TinyModel Tiny = new TinyModel { Hidden = 40, Heads = 4, KvHeads = 2, HeadDim = 20, Layers = 5, Exits = [1, 2, 4], Window = 24 }.WithRandomWeights(9);

    [Theory]
    [InlineData(KvType.F32, 1)]
    [InlineData(KvType.Bf16, 3)]
    public async Task ADeepenedSequence_GoesOnWithTheBitsOfTheWholeModel(KvType kv, int threads)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Tiny.Write(folder.Path));
        var options = new CpuBackendOptions { WeightType = WeightType.Bf16, KvType = kv, DeviceBytes = 2 << 20, HostBytes = 0, Threads = threads, WorkForThreads = 0, MaxTokensPerStep = 300 };
        int[] text = [.. Enumerable.Range(0, 60).Select(i => (i * 37 + i * i) % 256)];
        await using var whole = CpuBackend.Create(model, options);
        var expected = StepDriver.RunDirectly(whole, new TestSequence(0, 1, 2, 3), text, 5);

        await using var first = CpuBackend.Create(model.AtDepth(2), options with { KeepsStates = true });
        await using var second = CpuBackend.Create(model.AtDepth(4), options with { KeepsStates = true });
        await using var last = CpuBackend.Create(model, options with { ExitWindow = 16 });
        var (shallow, other) = (new StepDriver(first), new StepDriver(second));
        var (begun, beside) = (new TestSequence(3, 9, 4, 7), new TestSequence(1, 2));
        var rows = await shallow.RunAsync(new Part(begun, text[..21]), new Part(beside, text[..5]));
        Assert.Equal(Bits(StepDriver.RunDirectly(whole, new TestSequence(0, 1, 2, 3), text, 2)[20]), Bits(rows[0]));
        for (int i = 21; i < 30; i++)
            await shallow.RunAsync(new Part(begun, [text[i]]));

        var deeper = new TestSequence(8, 5, 6, 11) { Length = 30 };
        await second.DeepenAsync(first, begun.Blocks, deeper.Blocks, 30, CancellationToken.None);
        rows = await other.RunAsync(new Part(deeper, text[30..40]));
        Assert.Equal(Bits(StepDriver.RunDirectly(whole, new TestSequence(0, 1, 2, 3), text, 4)[39]), Bits(rows[0]));

        var deepest = new TestSequence(10, 2, 3, 1) { Length = 40 };
        await last.DeepenAsync(second, deeper.Blocks, deepest.Blocks, 40, CancellationToken.None);
        for (int i = 40; i < 60; i++)
        {
            rows = await new StepDriver(last).RunAsync(new Part(deepest, [text[i]]));
            Assert.Equal(Bits(expected[i]), Bits(rows[0]));
        }
    }

    [Fact]
    public async Task CachesOfAnotherModel_AreNotGoneOnFrom()
    {
        using var folder = new TemporaryFolder();
        using var another = new TemporaryFolder();
        using var model = ModelDirectory.Load(Tiny.Write(folder.Path));
        using var stranger = ModelDirectory.Load(new TinyModel { Hidden = 40, Heads = 4, KvHeads = 2, HeadDim = 20, Layers = 5, Exits = [1, 2, 4], Window = 24 }.WithRandomWeights(10).Write(another.Path));
        var options = new CpuBackendOptions { DeviceBytes = 1 << 20, HostBytes = 0 };
        await using var deep = CpuBackend.Create(model, options);
        await using var silent = CpuBackend.Create(model.AtDepth(2), options);
        await using var strange = CpuBackend.Create(stranger.AtDepth(2), options with { KeepsStates = true });
        foreach (var shallow in new[] { silent, strange, deep })
        {
            Assert.False(deep.CanDeepen(shallow));
            await Assert.ThrowsAsync<ArgumentException>(() => deep.DeepenAsync(shallow, new[] { 0 }, new[] { 0 }, 1, CancellationToken.None).AsTask());
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuBackend.Create(model, options with { KeepsStates = true, ExitWindow = 16 }));
    }

    private static int[] Bits(float[] row) => [.. row.Select(BitConverter.SingleToInt32Bits)];
}
