using Pharos.Grains.Tests.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Backend;
using Pharos.Inference.Tests.Support;
using Pharos.Inference.Torch.Cuda;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Tests;

/// <summary>Swapping beside steps keeps every promise of the seam.</summary>
public sealed class StreamCopiesContractTests : BackendContract
{
    protected override IModelBackend Create()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(new TinyModel().WithRandomWeights(5).Write(folder.Path));
        return Engines.Torch(model, new BackendSettings { Dtype = "fp32", KvDtype = "bf16", DeviceBytes = 1 << 20, HostBytes = 1 << 19, MaxTokensPerStep = 128 }, new LateStreams(1));
    }
}

/// <summary>What the core plans with copies that run beside steps is right however late they are.</summary>
public sealed class StreamCopiesRandomLoopTests : RandomLoopContract
{
    protected override int Seeds => 3;

    protected override IModelBackend Open(LoadedModel model, long deviceBytes, long hostBytes, int blockSize) => Engines.Torch(
        model, new BackendSettings { Dtype = "fp32", DeviceBytes = deviceBytes, HostBytes = hostBytes, BlockSize = blockSize, MaxTokensPerStep = 96 }, new LateStreams(2));
}

public sealed class StreamCopiesTests
{
    [Fact]
    public async Task A_swapped_cache_is_copied_in_one_piece_a_block_and_everything_is_given_back()
    {
        using var model = ModelLoader.Load(Repository.EmbeddedModel);
        var streams = new LateStreams(3);
        await using (var backend = Engines.Torch(model, new BackendSettings { Dtype = "fp32", DeviceBytes = 2 << 20, HostBytes = 1 << 20 }, streams))
        {
            Assert.True(backend.Limits.CopiesBesideSteps);
            backend.CopyBlocks([.. Enumerable.Range(0, 3).Select(i => new BlockCopy(KvTier.Device, i, KvTier.Host, 2 - i))]);
            backend.CopyBlocks([new BlockCopy(KvTier.Host, 0, KvTier.Device, 4)]);
            await new StepDriver(backend).RunAsync(new Part(new TestSequence(4), [1, 2])); // waits for the last copy, and so for all
            await new StepDriver(backend).RunAsync(new Part(new TestSequence(5), [1]));
            Assert.Equal(new BlockTransfers(4, 2e-3), backend.Transfers);
        }
        Assert.Equal(4, streams.Copies);
        Assert.Equal(0, streams.Open);
    }

    [Fact]
    public void A_library_that_is_not_the_runtime_is_not_taken_for_it() =>
        Assert.Null(CudaRuntime.TryLoad(["no-such-library", OperatingSystem.IsWindows() ? "kernel32" : "libc.so.6"]));
}
