namespace Pharos.InProcess;

/// <summary>
/// Counts the turn queues that have work. At zero nothing happens any more until time passes or someone outside calls: tests wait for that
/// instead of sleeping.
/// </summary>
internal sealed class QuiescenceCounter(TaskCreationOptions continuations)
{
    private readonly Lock gate = new();
    private int busy;
    private TaskCompletionSource? waiting;

    private long begun;

    /// <summary>Changes whenever a queue gets work.</summary>
    public long Epoch => Volatile.Read(ref begun);

    public void Begin()
    {
        Interlocked.Increment(ref busy);
        Interlocked.Increment(ref begun);
    }

    public void End()
    {
        if (Interlocked.Decrement(ref busy) != 0) return;
        if (Volatile.Read(ref waiting) is null) return;
        lock (gate)
        {
            if (Volatile.Read(ref busy) != 0) return;
            waiting?.TrySetResult();
            waiting = null;
        }
    }

    public Task WaitAsync()
    {
        lock (gate)
        {
            var source = waiting ??= new TaskCompletionSource(continuations);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref busy) == 0)
            {
                waiting = null;
                source.TrySetResult();
            }

            return source.Task;
        }
    }
}
