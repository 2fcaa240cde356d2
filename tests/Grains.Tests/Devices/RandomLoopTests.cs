using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Tests.Devices;

public sealed class RandomLoopTests : RandomLoopContract
{
    private const int RebuildTokens = 384;

    protected override IModelBackend Open(LoadedModel model, long deviceBytes, long hostBytes, int blockSize) => OpenCpu(model, deviceBytes, hostBytes, blockSize);

    [Theory]
    [InlineData("pharos")]
    [InlineData("swap")]
    public Task Batches_by_density_with_hidden_states_say_the_same(string pause) => CheckAsync(OpenHybrid, "fcfs", pause, SomeHidden(RebuildTokens));

    [Theory]
    [InlineData("lamps", "swap", 16)]
    [InlineData("fcfs", "pharos", 8)]
    public Task With_early_exits_each_says_what_it_says_alone(string rank, string pause, int window) => CheckAsync(
        (model, deviceBytes, hostBytes, blockSize) => CpuBackend.Create(model, new CpuBackendOptions
        {
            Threads = 1, DeviceBytes = deviceBytes, HostBytes = hostBytes, BlockSize = blockSize, CopyShare = 0.02, ExitWindow = window,
        }),
        rank, pause, null, window);

    // The scratch comes on top, so that as many blocks are left as without.
    private static IModelBackend OpenHybrid(LoadedModel model, long deviceBytes, long hostBytes, int blockSize) => CpuBackend.Create(model, new CpuBackendOptions
    {
        Threads = 1, DeviceBytes = deviceBytes + RebuildTokens * 2L * model.Shape.KvHeads * model.Shape.HeadDim * sizeof(float), HostBytes = hostBytes,
        BlockSize = blockSize, CopyShare = 0.02, CompactForms = [CacheForm.Hidden], RebuildTokens = RebuildTokens,
    });
}
