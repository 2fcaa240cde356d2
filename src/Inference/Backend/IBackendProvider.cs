using Pharos.Inference.Loading;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Backend;

/// <summary>Opens backends of one kind that a build may have or not: it lives in an assembly of its own, which no other names.</summary>
public interface IBackendProvider
{
    /// <exception cref="NotSupportedException">Its native library or the device is missing, or a setting is not for it; the message says which.</exception>
    /// <exception cref="ArgumentException">A setting is out of its range, or a budget does not hold a single block.</exception>
    /// <exception cref="ModelLoadException">The model cannot be used.</exception>
    IModelBackend Open(LoadedModel model, BackendSettings settings);

    /// <summary>What the device can do at this moment; measured, which takes a second or so.</summary>
    /// <param name="dtype">Of the matrices that are multiplied.</param>
    DeviceSpeeds Measure(BackendSettings settings, string dtype);
}

/// <summary>What a backend is told, whichever it is.</summary>
public sealed record BackendSettings
{
    /// <summary>The kind of device: <c>cuda</c> or <c>cpu</c>.</summary>
    public string Accelerator { get; init; } = "cuda";

    /// <summary>Which of the machine's devices of that kind, from 0.</summary>
    public int Device { get; init; }

    /// <summary>Threads of a processor; 0: as many as the backend likes.</summary>
    public int Threads { get; init; }

    /// <summary>How weights are kept: <c>auto</c>, <c>fp32</c>, <c>bf16</c> or <c>fp16</c>.</summary>
    public string Dtype { get; init; } = "auto";

    /// <summary>How keys and values are kept: <c>auto</c>, <c>fp32</c> or <c>bf16</c>.</summary>
    public string KvDtype { get; init; } = "auto";

    /// <summary>Bytes of KV blocks that attention reads.</summary>
    public long DeviceBytes { get; init; } = 64L << 20;

    /// <summary>Bytes of KV blocks that wait, swapped out; 0: no host tier.</summary>
    public long HostBytes { get; init; } = 64L << 20;

    /// <summary>Tokens a block.</summary>
    public int BlockSize { get; init; } = 16;

    /// <summary>Most tokens of one step.</summary>
    public int MaxTokensPerStep { get; init; } = 512;

    /// <summary>Most sequences of one step.</summary>
    public int MaxSequences { get; init; } = 256;

    /// <summary>Compact forms in which sequences may be kept; none: keys and values alone.</summary>
    public IReadOnlyList<CacheForm> CompactForms { get; init; } = [];

    /// <summary>Context tokens that are rebuilt from compact forms at a time: the longest context that may be kept in one.</summary>
    public int RebuildTokens { get; init; } = 4096;

    /// <summary>Tokens after which whatever ended early is completed, a divisor of <see cref="BlockSize"/>; 1: no early exits. See <see cref="BackendLimits.ExitWindow"/>.</summary>
    public int ExitWindow { get; init; } = 1;
}

/// <param name="CopyBytesPerSecond">A copy within the device's memory, bytes read and written.</param>
/// <param name="FlopsPerSecond">A large matrix multiplication, two operations a multiply-add.</param>
/// <param name="HostBytesPerSecond">A copy from pinned host memory, as swapping in does; 0 where the device is the host.</param>
public sealed record DeviceSpeeds(string Device, double CopyBytesPerSecond, double FlopsPerSecond, double HostBytesPerSecond);
