using Pharos.Inference.Backend;
using Pharos.Inference.Loading;

namespace Pharos.Grains.Tests.Devices;

public sealed class RandomLoopTests : RandomLoopContract
{
    protected override IModelBackend Open(LoadedModel model, long deviceBytes, long hostBytes, int blockSize) => OpenCpu(model, deviceBytes, hostBytes, blockSize);
}
