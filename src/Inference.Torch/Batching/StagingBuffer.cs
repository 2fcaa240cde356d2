using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Batching;

/// <summary>
/// Sends arrays to the device through one pinned buffer, without waiting for the copy. The caller waits for the device before it sends again. Grows, and
/// allocates nothing in a steady state.
/// </summary>
internal sealed class StagingBuffer<T>(Device device, ScalarType type) : IDisposable where T : unmanaged
{
    private Tensor? onHost;
    private Tensor? onDevice;

    /// <summary>The values on the device; valid until the next call.</summary>
    public Tensor Send(ReadOnlySpan<T> values)
    {
        if (onHost is null || onHost.shape[0] < values.Length)
            Grow(Math.Max(values.Length, 4096));
        values.CopyTo(MemoryMarshal.Cast<byte, T>(onHost!.bytes));
        var target = onDevice!.narrow(0, 0, values.Length);
        if (!ReferenceEquals(onDevice, onHost))
            target.copy_(onHost.narrow(0, 0, values.Length), nonBlocking: true);
        return target;
    }

    public void Dispose()
    {
        onHost?.Dispose();
        onDevice?.Dispose();
    }

    private void Grow(int length)
    {
        length = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length);
        Dispose();
        var plain = empty(length, dtype: type).DetachFromDisposeScope();
        if (device.type != DeviceType.CUDA)
        {
            onHost = onDevice = plain;
            return;
        }
        onHost = plain.pin_memory().DetachFromDisposeScope();
        plain.Dispose();
        onDevice = empty(length, dtype: type, device: device).DetachFromDisposeScope();
    }
}
