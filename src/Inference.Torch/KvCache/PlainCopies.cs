using System.Diagnostics;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.KvCache;

/// <summary>
/// Copies between steps, each complete when <see cref="Start"/> returns: where the device is the host, or no CUDA runtime is found. The host tier is an
/// ordinary tensor.
/// </summary>
internal sealed class PlainCopies : ITierCopies
{
    private readonly TorchKvPool pool;
    private readonly Device device;
    private readonly Tensor host; // [blocks, layers * K|V, blockSize * width]
    private long blocks;
    private long ticks;

    public PlainCopies(TorchKvPool pool, KvShape shape, Device device)
    {
        (this.pool, this.device) = (pool, device);
        host = empty([shape.HostBlocks, pool.Memory.shape[0], pool.Memory.shape[2]], dtype: pool.Type);
    }

    public bool RunBesideSteps => false;

    public BlockTransfers Moved => new(Interlocked.Read(ref blocks), (double)Interlocked.Read(ref ticks) / Stopwatch.Frequency);

    public void Start(ReadOnlySpan<BlockCopy> copies)
    {
        using var scope = NewDisposeScope();
        if (device.type == TorchSharp.DeviceType.CUDA)
            cuda.synchronize(device); // what the device still works on is no part of the copies' time
        long start = Stopwatch.GetTimestamp();
        foreach (var copy in copies)
        {
            if (copy.From == KvTier.Device)
                host.select(0, copy.Target).copy_(pool.Memory.select(1, copy.Source));
            else
                pool.Memory.select(1, copy.Target).copy_(host.select(0, copy.Source));
        }
        Interlocked.Add(ref ticks, Stopwatch.GetTimestamp() - start);
        Interlocked.Add(ref blocks, copies.Length);
    }

    public void WaitFor(StepBatch batch)
    {
    }

    public void WaitFor(ReadOnlySpan<int> blocks, bool toWrite)
    {
    }

    public void Dispose() => host.Dispose();
}
