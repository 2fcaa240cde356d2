using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Backend;

public sealed class SharedWeightsTests
{
    private static readonly CpuBackendOptions Small = new() { DeviceBytes = 1 << 20, HostBytes = 0, Threads = 1 };

    [Fact]
    public async Task WorkersOfOneModelAndType_HoldOneSet_WhichOutlivesTheFirstOfThem()
    {
        using var folder = new TemporaryFolder();
        string directory = new TinyModel().WithRandomWeights(21).Write(folder.Path);
        using var model = ModelDirectory.Load(directory);
        using var sameFiles = ModelDirectory.Load(directory);
        var first = CpuBackend.Create(model, Small with { WeightType = WeightType.F32 });
        await using var second = CpuBackend.Create(sameFiles, Small with { WeightType = WeightType.F32 });
        await using var rounded = CpuBackend.Create(model, Small with { WeightType = WeightType.Int8 });
        Assert.Same(first.Weights, second.Weights);
        Assert.NotSame(first.Weights, rounded.Weights);
        Assert.True(rounded.WeightBytes < first.WeightBytes / 2);

        var expected = await new StepDriver(first).RunAsync(new Part(new TestSequence(0), [1, 2, 3]));
        await first.DisposeAsync();
        Assert.Equal(expected[0], (await new StepDriver(second).RunAsync(new Part(new TestSequence(0), [1, 2, 3])))[0]);
    }

    [Fact]
    public async Task TheLastWorker_TakesTheSetWithIt()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(new TinyModel().WithRandomWeights(22).Write(folder.Path));
        var backend = CpuBackend.Create(model, Small);
        var weights = backend.Weights;
        await backend.DisposeAsync();
        await backend.DisposeAsync(); // a second time returns nothing twice
        await using var next = CpuBackend.Create(model, Small);
        Assert.NotSame(weights, next.Weights);
    }

    [Fact]
    public async Task WorkersThatStartTogether_PackOnce()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(new TinyModel().WithRandomWeights(23).Write(folder.Path));
        var backends = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => CpuBackend.Create(model, Small))));
        Assert.All(backends, backend => Assert.Same(backends[0].Weights, backend.Weights));
        foreach (var backend in backends)
            await backend.DisposeAsync();
    }
}
