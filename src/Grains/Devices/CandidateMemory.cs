using Pharos.Grains.Configuration;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Scheduling.Models;

namespace Pharos.Grains.Devices;

/// <summary>How a worker's memory is parted between the weights of the candidate it runs and keys and values.</summary>
internal static class CandidateMemory
{
    /// <summary>What is left beside the weights, where both share a budget; else as configured.</summary>
    public static long DeviceBytes(PharosOptions settings, LoadedModel candidate) =>
        settings.Helios.MemoryBytes == 0 ? settings.Kv.DeviceBytes : settings.Helios.MemoryBytes - CpuBackend.WeightBytesOf(candidate, WeightTypeOf(settings));

    /// <summary>As the selector sees it.</summary>
    public static Candidate Describe(PharosOptions settings, LoadedModel candidate, bool isReference) => new(
        candidate.Shape.Name, candidate.Shape.Layers, candidate.Architecture.Parameters,
        Math.Max(0, DeviceBytes(settings, candidate)) / CpuBackend.KvBytesPerToken(candidate, KvTypeOf(settings), KeepsStates(settings, candidate)), isReference);

    /// <summary>First layers of a model keep what is needed to go on in more of them.</summary>
    public static bool KeepsStates(PharosOptions settings, LoadedModel candidate) =>
        settings.Helios.KeepStates && candidate.IsPart && settings.Kv.Compact == "none" && !settings.Helios.Exit.Enabled;

    public static WeightType? WeightTypeOf(PharosOptions settings) =>
        settings.Dtype switch { "fp32" => WeightType.F32, "bf16" => WeightType.Bf16, "int8" => WeightType.Int8, _ => null };

    public static KvType? KvTypeOf(PharosOptions settings) => settings.Kv.Dtype switch { "fp32" => KvType.F32, "bf16" => KvType.Bf16, _ => null };
}
