using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Torch.Cuda;

namespace Pharos.Inference.Torch.Tests;

/// <summary>The two engines, alike.</summary>
internal static class Engines
{
    /// <summary>What the torch engine is tried on: <c>cpu</c> whatever else the machine has, unless PHAROS_TEST_TORCH_DEVICE says <c>cuda</c>.</summary>
    public static string Device { get; } = Environment.GetEnvironmentVariable("PHAROS_TEST_TORCH_DEVICE") is { Length: > 0 } named ? named : "cpu";

    public static bool OnCuda => Device == "cuda";

    /// <summary>How far apart the engines' logits may be in fp32, of a row's largest: a device adds in orders of its own.</summary>
    public static double SinglePrecision => OnCuda ? 1e-4 : 2e-5;

    /// <param name="streams">That stand in for a device's own; they copy memory of the host.</param>
    public static TorchBackend Torch(LoadedModel model, BackendSettings settings, IDeviceStreams? streams = null) => TorchBackend.Create(
        model, settings with { Accelerator = streams is null ? Device : "cpu", Threads = 1, MaxSequences = Math.Min(settings.MaxSequences, 32) }, streams);

    public static CpuBackend Cpu(LoadedModel model, BackendSettings settings) => CpuBackend.Create(model, new CpuBackendOptions
    {
        Threads = 1, DeviceBytes = settings.DeviceBytes, HostBytes = settings.HostBytes, BlockSize = settings.BlockSize,
        MaxTokensPerStep = settings.MaxTokensPerStep, WeightType = WeightType.F32, KvType = KvType.F32,
    });

    /// <param name="tolerance">Of the row's largest logit.</param>
    public static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        double most = expected.Max(Math.Abs) * tolerance;
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= most, $"token {i}: {actual[i]}, the CPU engine gives {expected[i]}");
    }
}
