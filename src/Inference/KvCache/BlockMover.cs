using System.Diagnostics;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.KvCache;

/// <summary>
/// Copies whole blocks between the tiers on a thread of its own, beside the forward pass. Copies run in the order they were posted. While the
/// engine computes, copying gets a share of the time only: how long a copy took, on the machine and at the load of that moment, says how long
/// the mover rests after it, so that it takes no more of the memory's bandwidth than it was given. Once somebody waits for a copy it no longer rests.
/// </summary>
/// <remarks>
/// Two kinds of fence keep copies and steps apart. A copy runs after the engine's commands that were posted before it; a command waits for the
/// copies, posted before it, that touch what it reads or writes. Both look back only, so they never wait for each other in a circle.
/// </remarks>
internal sealed class BlockMover : IDisposable
{
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(1); // what a system's clock can do
    private readonly object gate = new();
    private readonly Queue<Entry> posted = [];
    private readonly KvStore store;
    private readonly EngineThread engine;
    private readonly double restPerCopy; // seconds of rest for a second of copying
    private readonly Thread thread;
    private long lastPosted;
    private long done;
    private long wanted; // somebody waits for the copies up to this one
    private long busyTicks;
    private double debt; // seconds of rest owed
    private bool stopping;

    /// <param name="share">Share of its time that the mover copies while the engine computes, (0, 1].</param>
    public BlockMover(KvStore store, EngineThread engine, double share, string name)
    {
        (this.store, this.engine) = (store, engine);
        restPerCopy = 1 / share - 1;
        Fences = new BlockFences(store.DeviceBlocks);
        thread = new Thread(Loop) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>Blocks copied so far, and the seconds that takes beside steps: the rests after them included, though idle times spare them.</summary>
    public (long Blocks, double Seconds) Moved
    {
        get
        {
            lock (gate)
                return (done, busyTicks * (1 + restPerCopy) / Stopwatch.Frequency);
        }
    }

    /// <summary>Queues copies; they run after what was posted to the engine before.</summary>
    public void Post(ReadOnlySpan<BlockCopy> copies)
    {
        long after = engine.Posted;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping, this);
            foreach (var copy in copies)
            {
                Fences.Note(copy, ++lastPosted);
                posted.Enqueue(new Entry(copy, after));
            }
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Nothing is under way: no fence is needed.</summary>
    public bool IsIdle => Volatile.Read(ref done) == lastPosted;

    /// <summary>The copies that users of device blocks wait for. For the thread that posts.</summary>
    public BlockFences Fences { get; }

    /// <summary>Returns when the copies up to <paramref name="fence"/> are done; they hurry now.</summary>
    public void WaitFor(long fence)
    {
        if (Volatile.Read(ref done) >= fence)
            return;
        lock (gate)
        {
            wanted = Math.Max(wanted, fence);
            Monitor.PulseAll(gate);
            while (done < fence)
                Monitor.Wait(gate);
        }
    }

    private void Loop()
    {
        while (Take() is { } entry)
        {
            engine.WaitUntilDone(entry.After);
            long start = Stopwatch.GetTimestamp();
            store.Copy(entry.Copy);
            Finish(Stopwatch.GetTimestamp() - start);
        }
    }

    private Entry? Take()
    {
        lock (gate)
        {
            while (posted.Count == 0 && !stopping)
                Monitor.Wait(gate);
            return posted.TryDequeue(out var entry) ? entry : null; // what was posted before stopping is still copied
        }
    }

    private void Finish(long ticks)
    {
        lock (gate)
        {
            done++;
            busyTicks += ticks;
            if (done <= wanted)
                Monitor.PulseAll(gate);
            debt += restPerCopy * ticks / Stopwatch.Frequency;
            if (!engine.IsBusy)
                debt = 0;
            long restedFrom = Stopwatch.GetTimestamp();
            while (debt >= ShortestRest.TotalSeconds && done >= wanted && !stopping)
            {
                Monitor.Wait(gate, TimeSpan.FromSeconds(debt));
                long now = Stopwatch.GetTimestamp();
                debt -= Stopwatch.GetElapsedTime(restedFrom, now).TotalSeconds;
                restedFrom = now;
            }
        }
    }

    /// <summary>Finishes what was posted and ends.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            stopping = true;
            Monitor.PulseAll(gate);
        }
        thread.Join();
    }

    private readonly record struct Entry(BlockCopy Copy, long After);
}
