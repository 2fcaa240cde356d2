using Pharos.Grains.Tests.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Torch.Tests;

/// <summary>Whatever the worker's core plans for the torch engine, every sequence says what the CPU engine says of it alone.</summary>
public sealed class TorchRandomLoopTests : RandomLoopContract
{
    protected override int Seeds => 4;

    protected override IModelBackend Open(LoadedModel model, long deviceBytes, long hostBytes, int blockSize) => Engines.Torch(
        model, new BackendSettings { Dtype = "fp32", DeviceBytes = deviceBytes, HostBytes = hostBytes, BlockSize = blockSize, MaxTokensPerStep = 96 });
}
