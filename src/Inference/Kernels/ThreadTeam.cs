namespace Pharos.Inference.Kernels;

/// <summary>
/// Threads that run one body together, phase by phase. Waiting spins for a bounded while and then parks: the cores are shared
/// with the rest of the server, and a barrier that only spins collapses when one of its threads is not scheduled.
/// </summary>
public sealed class ThreadTeam : IDisposable
{
    private const int Spins = 2_000; // some tens of microseconds: longer than a phase's imbalance, shorter than a time slice
    private readonly object gate = new();
    private readonly Action<int> body;
    private int parked;
    private int job;        // counts the runs; a change wakes the followers
    private int finished;   // followers done with the present run
    private int arrived;    // threads that reached the present barrier
    private int phase;      // counts the barriers
    private int active = 1; // threads of the present run, the caller among them
    private bool stopping;
    private Exception? failure;

    /// <param name="threads">The caller of <see cref="Run"/> and threads - 1 followers.</param>
    /// <param name="body">Gets the thread's number, 0 to <see cref="Active"/> - 1; must not throw between barriers that others wait for.</param>
    public ThreadTeam(int threads, Action<int> body)
    {
        (Threads, this.body) = (threads, body);
        for (int i = 1; i < threads; i++)
        {
            int number = i;
            new Thread(() => Follow(number)) { IsBackground = true, Name = $"pharos-kernel-{number}" }.Start();
        }
    }

    /// <summary>The caller and its followers.</summary>
    public int Threads { get; }

    /// <summary>Threads of the present run.</summary>
    public int Active => active;

    /// <summary>Runs the body on the caller, together with all followers or alone, and returns when it is done.</summary>
    /// <exception cref="InvalidOperationException">The body failed on another thread.</exception>
    public void Run(bool together)
    {
        active = together ? Threads : 1;
        if (active > 1)
        {
            finished = 0;
            Signal(ref job);
        }
        body(0);
        if (active > 1)
            WaitWhile(ref finished, Threads - 1, until: true);
        if (Interlocked.Exchange(ref failure, null) is { } e)
            throw new InvalidOperationException("A kernel thread failed.", e);
    }

    /// <summary>Waits until all active threads have come here.</summary>
    public void Barrier()
    {
        if (active == 1)
            return;
        int present = Volatile.Read(ref phase);
        if (Interlocked.Increment(ref arrived) == active)
        {
            arrived = 0;
            Signal(ref phase);
        }
        else
        {
            WaitWhile(ref phase, present, until: false);
        }
    }

    private void Follow(int number)
    {
        for (int seen = 0; ;)
        {
            WaitWhile(ref job, seen, until: false);
            seen++;
            if (Volatile.Read(ref stopping))
                return;
            try
            {
                body(number);
            }
            catch (Exception e)
            {
                Volatile.Write(ref failure, e);
            }
            Signal(ref finished);
        }
    }

    private void Signal(ref int counter)
    {
        Interlocked.Increment(ref counter); // a full fence: the new value is visible before parked is read
        if (Volatile.Read(ref parked) > 0)
        {
            lock (gate)
                Monitor.PulseAll(gate);
        }
    }

    /// <summary>Waits while the counter is <paramref name="value"/>, or until it is.</summary>
    private void WaitWhile(ref int counter, int value, bool until)
    {
        for (int i = 0; i < Spins; i++)
        {
            if ((Volatile.Read(ref counter) == value) == until)
                return;
            Thread.SpinWait(4);
        }
        lock (gate)
        {
            Interlocked.Increment(ref parked);
            while ((Volatile.Read(ref counter) == value) != until)
                Monitor.Wait(gate);
            Interlocked.Decrement(ref parked);
        }
    }

    /// <summary>Ends the followers.</summary>
    public void Dispose()
    {
        Volatile.Write(ref stopping, true);
        Signal(ref job);
    }
}
