using Pharos.Grains.Tests.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;
using Pharos.Inference.Torch.KvCache;
using TorchSharp;

namespace Pharos.Inference.Torch.Tests;

/// <summary>Sequences that leave the model at different depths in one batch say what the CPU engine says of the whole text at that depth.</summary>
public sealed class EarlyExitTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Any_plan_gives_the_logits_of_the_first_sure_exit(bool grouped)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load((grouped ? ExitWorld.Grouped : ExitWorld.MultiHead).Write(folder.Path));
        await using var cpu = CpuBackend.Create(model, new CpuBackendOptions
        {
            Threads = 1, WeightType = WeightType.F32, KvType = KvType.F32, DeviceBytes = 4 << 20, HostBytes = 0, MaxTokensPerStep = 300, ExitWindow = 8,
        });
        await using var torch = Engines.Torch(model, new BackendSettings
        {
            Dtype = "fp32", DeviceBytes = 4 << 20, HostBytes = 1 << 20, MaxTokensPerStep = 300, MaxSequences = 8, ExitWindow = 8,
        });
        Assert.Equal(ExitWorld.Exits, torch.Limits.ExitLayers);
        var expected = new ExitOracle(cpu);
        int early = 0, audited = 0;
        for (int seed = 0; seed < 5; seed++)
        {
            var world = new ExitWorld(torch, expected, new Random(seed), (one, other) => Engines.AssertClose(one, other, Engines.SinglePrecision));
            await world.RunAsync();
            early += world.Early;
            audited += world.Audited;
        }
        Assert.True(early > 100 && audited > 10, $"{early} rows left early and {audited} audits prove nothing.");
    }

    /// <summary>Bit for bit, in place of keys and values, whatever the cache's type.</summary>
    [Theory]
    [InlineData(torch.ScalarType.Float32)]
    [InlineData(torch.ScalarType.BFloat16)]
    public void A_residual_comes_back_as_it_went(torch.ScalarType type)
    {
        const int Hidden = 96, Layers = 8;
        using var scope = torch.NewDisposeScope();
        var shape = new ModelShape("m", "f", Layers, 4, 2, 32, Hidden, 100, 256);
        using var pool = new TorchKvPool(shape, new KvShape(16, 4, 0, 0), type, type, torch.CPU);
        var states = new ResidualStates(pool, Hidden);
        Assert.True(ResidualStates.Fits(type, layersAbove: 3, pool.Width, Hidden));
        var dice = new Random(3);
        float[] values = [.. Enumerable.Range(0, 3 * Hidden).Select(_ => (float)((dice.NextDouble() - 0.5) * Math.Pow(10, dice.Next(-9, 9))))];
        var slots = torch.tensor(new long[] { 37, 2, 63 });
        states.Write(5, slots, torch.tensor(values).view(3, Hidden));
        Assert.Equal(values, states.Read(5, slots).reshape(-1).data<float>().ToArray());
    }

    [Fact]
    public void Exits_without_room_for_a_residual_are_none()
    {
        Assert.False(ResidualStates.Fits(torch.ScalarType.BFloat16, layersAbove: 1, width: 64, hidden: 64));
        Assert.True(ResidualStates.Fits(torch.ScalarType.Float32, layersAbove: 1, width: 64, hidden: 64));
        Assert.False(ResidualStates.Fits(torch.ScalarType.Float16, layersAbove: 9, width: 64, hidden: 64));
    }
}

public sealed class EarlyExitRandomLoopTests : RandomLoopContract
{
    private const int Window = 16;

    protected override int Seeds => 3;

    protected override IModelBackend Open(LoadedModel model, long deviceBytes, long hostBytes, int blockSize) => Engines.Torch(
        model, new BackendSettings { Dtype = "fp32", DeviceBytes = deviceBytes, HostBytes = hostBytes, BlockSize = blockSize, MaxTokensPerStep = 96, ExitWindow = Window });

    [Theory]
    [InlineData("lamps", "swap")]
    [InlineData("fcfs", "pharos")]
    public Task With_early_exits_each_says_what_it_says_alone(string rank, string pause) => CheckAsync(Open, rank, pause, null, Window);
}
