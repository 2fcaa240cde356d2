using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;
using Pharos.Inference.Torch.KvCache;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Cuda;

/// <summary>
/// Copies on a stream of their own, from and to pinned host memory, beside the steps. No thread ever waits: a copy waits on the device for what was
/// asked of it before, and a step waits there for the copies that it depends on.
/// </summary>
/// <remarks>
/// A block is one copy whatever the number of layers: its pieces lie one pool's length apart on the device and side by side on the host.
/// </remarks>
internal sealed class StreamCopies : ITierCopies
{
    private readonly IDeviceStreams runtime;
    private readonly BlockFences fences;
    private readonly nint stream;
    private readonly nint devicePool;  // [parts][blocks + 1][piece]
    private readonly nint hostPool;    // [blocks][parts][piece], pinned
    private readonly nint asked;       // event: what the device was asked before a batch of copies
    private readonly long pieceBytes;  // of one layer's keys, or values, of a block
    private readonly long parts;
    private readonly KvShape shape;
    private readonly long devicePitch; // from one part to the next
    private readonly Queue<Batch> running = [];
    private readonly Stack<(nint Start, nint End)> idle = [];
    private readonly Lock gate = new();
    private long lastStarted;
    private long waitedFor; // the device's work waits for these already
    private BlockTransfers moved;

    /// <param name="pool">Address of the pool's first element.</param>
    /// <param name="parts">Layers times two.</param>
    public StreamCopies(IDeviceStreams runtime, nint pool, KvShape shape, int parts)
    {
        (this.runtime, devicePool, this.parts, this.shape) = (runtime, pool, parts, shape);
        fences = new BlockFences(shape.DeviceBlocks);
        pieceBytes = shape.BytesPerBlock / parts;
        devicePitch = (shape.DeviceBlocks + 1) * pieceBytes;
        hostPool = runtime.AllocatePinned(shape.HostBlocks * shape.BytesPerBlock);
        stream = runtime.CreateStream();
        asked = runtime.CreateEvent();
    }

    public bool RunBesideSteps => true;

    public BlockTransfers Moved
    {
        get
        {
            lock (gate)
                return moved;
        }
    }

    public void Start(ReadOnlySpan<BlockCopy> copies)
    {
        Retire();
        // All that steps were given before may read or write these blocks.
        runtime.Record(asked, CudaRuntime.TorchStream);
        runtime.Wait(stream, asked);
        var (start, end) = idle.TryPop(out var pair) ? pair : (runtime.CreateEvent(), runtime.CreateEvent());
        runtime.Record(start, stream);
        foreach (var copy in copies)
        {
            fences.Note(copy, ++lastStarted);
            bool toHost = copy.To == KvTier.Host;
            var (device, host) = toHost ? (copy.Source, copy.Target) : (copy.Target, copy.Source);
            nint onDevice = devicePool + (nint)(device * pieceBytes), onHost = hostPool + (nint)(host * parts * pieceBytes);
            if (toHost)
                runtime.Copy(onHost, pieceBytes, onDevice, devicePitch, pieceBytes, parts, toHost, stream);
            else
                runtime.Copy(onDevice, devicePitch, onHost, pieceBytes, pieceBytes, parts, toHost, stream);
        }
        runtime.Record(end, stream);
        running.Enqueue(new Batch(lastStarted, copies.Length, start, end));
    }

    public void WaitFor(StepBatch batch)
    {
        Retire();
        if (running.Count > 0)
            WaitFor(fences.ToRun(batch, shape));
    }

    public void WaitFor(ReadOnlySpan<int> blocks, bool toWrite) => WaitFor(toWrite ? fences.ToWrite(blocks) : fences.ToRead(blocks));

    public void Dispose()
    {
        runtime.Synchronize(stream);
        Retire();
        foreach (var (start, end) in idle)
        {
            runtime.DestroyEvent(start);
            runtime.DestroyEvent(end);
        }
        runtime.DestroyEvent(asked);
        runtime.DestroyStream(stream);
        runtime.FreePinned(hostPool);
    }

    /// <summary>Copies run in order: the first batch that holds a copy is done when the copy is.</summary>
    private void WaitFor(long fence)
    {
        if (fence <= waitedFor)
            return;
        foreach (var batch in running)
        {
            if (batch.Last < fence)
                continue;
            runtime.Wait(CudaRuntime.TorchStream, batch.End);
            waitedFor = batch.Last;
            return;
        }
    }

    /// <summary>Takes note of batches that are done.</summary>
    private void Retire()
    {
        while (running.TryPeek(out var batch) && runtime.IsDone(batch.End))
        {
            running.Dequeue();
            idle.Push((batch.Start, batch.End));
            lock (gate)
                moved = new BlockTransfers(moved.Blocks + batch.Blocks, moved.Seconds + runtime.Seconds(batch.Start, batch.End));
        }
    }

    private readonly record struct Batch(long Last, int Blocks, nint Start, nint End);
}
