using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Torch.Cuda;

namespace Pharos.Inference.Torch.Tests;

/// <summary>The two engines, alike.</summary>
internal static class Engines
{
    /// <summary>On the processor, whatever else the machine has.</summary>
    public static TorchBackend Torch(LoadedModel model, BackendSettings settings, IDeviceStreams? streams = null) =>
        TorchBackend.Create(model, settings with { Accelerator = "cpu", Threads = 1, MaxSequences = Math.Min(settings.MaxSequences, 32) }, streams);

    public static CpuBackend Cpu(LoadedModel model, BackendSettings settings) => CpuBackend.Create(model, new CpuBackendOptions
    {
        Threads = 1, DeviceBytes = settings.DeviceBytes, HostBytes = settings.HostBytes, BlockSize = settings.BlockSize,
        MaxTokensPerStep = settings.MaxTokensPerStep, WeightType = WeightType.F32, KvType = KvType.F32,
    });
}
