using System.Runtime.InteropServices;
using Pharos.Inference.Torch.Cuda;

namespace Pharos.Inference.Torch.Tests;

/// <summary>
/// Streams whose copies run as late as they may, sometimes a little earlier: what does not wait for a copy reads what was there before it. The device is
/// the processor, so all that TorchSharp is asked for is done at once.
/// </summary>
internal sealed unsafe class LateStreams(int seed) : IDeviceStreams
{
    private readonly Random dice = new(seed);
    private readonly Queue<(Action? Copy, nint Event)> waiting = [];
    private readonly HashSet<nint> notDone = [];
    private readonly HashSet<nint> known = [];
    private nint lastHandle = 1000;

    public int Copies { get; private set; }

    /// <summary>Handles that were made and not given back.</summary>
    public int Open => known.Count;

    public nint CreateStream() => Make();

    public void DestroyStream(nint stream)
    {
        Assert.Empty(waiting);
        Assert.True(known.Remove(stream));
    }

    public void Synchronize(nint stream) => Run(waiting.Count);

    public void Wait(nint stream, nint @event)
    {
        if (stream != CudaRuntime.TorchStream)
            return; // it waits for what is done already
        while (notDone.Contains(@event))
            Run(1);
    }

    public nint CreateEvent() => Make();

    public void DestroyEvent(nint @event)
    {
        Assert.DoesNotContain(@event, notDone);
        Assert.True(known.Remove(@event));
    }

    public void Record(nint @event, nint stream)
    {
        Assert.Contains(@event, known);
        if (stream == CudaRuntime.TorchStream)
            return;
        Assert.True(notDone.Add(@event), "an event that somebody may wait for is used again");
        waiting.Enqueue((null, @event));
    }

    public bool IsDone(nint @event)
    {
        if (dice.Next(3) == 0)
            Run(1);
        return !notDone.Contains(@event);
    }

    public double Seconds(nint start, nint end) => 1e-3;

    public void Copy(nint target, long targetPitch, nint source, long sourcePitch, long width, long height, bool toHost, nint stream)
    {
        Copies++;
        waiting.Enqueue((() =>
        {
            for (long i = 0; i < height; i++)
                Buffer.MemoryCopy((void*)(source + (nint)(i * sourcePitch)), (void*)(target + (nint)(i * targetPitch)), width, width);
        }, 0));
    }

    public nint AllocatePinned(long bytes)
    {
        nint memory = (nint)NativeMemory.AllocZeroed((nuint)Math.Max(bytes, 1));
        known.Add(memory);
        return memory;
    }

    public void FreePinned(nint memory)
    {
        Assert.True(known.Remove(memory));
        NativeMemory.Free((void*)memory);
    }

    private nint Make()
    {
        known.Add(++lastHandle);
        return lastHandle;
    }

    private void Run(int count)
    {
        for (; count > 0 && waiting.TryDequeue(out var next); count--)
        {
            next.Copy?.Invoke();
            notDone.Remove(next.Event);
        }
    }
}
