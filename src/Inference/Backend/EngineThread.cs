using System.Threading.Tasks.Sources;

namespace Pharos.Inference.Backend;

/// <summary>
/// The engine's own thread: runs commands in the order they were posted. Commands are reused, so that a steady state allocates
/// nothing; waiting spins briefly, then parks.
/// </summary>
internal sealed class EngineThread : IDisposable
{
    private const int Spins = 200; // a few microseconds: the next step of a busy loop comes that soon
    private readonly object gate = new();
    private readonly Queue<Command> posted = [];
    private readonly Stack<Command> idle = [];
    private readonly Thread thread;
    private readonly object doneGate = new();
    private int waiting;
    private long postedCount;
    private long doneCount;
    private bool stopping;

    public EngineThread(string name)
    {
        thread = new Thread(Loop) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>Commands posted so far.</summary>
    public long Posted => Volatile.Read(ref postedCount);

    /// <summary>A command runs or waits.</summary>
    public bool IsBusy => Volatile.Read(ref doneCount) < Volatile.Read(ref postedCount);

    /// <summary>Returns when the first <paramref name="count"/> commands have run.</summary>
    public void WaitUntilDone(long count)
    {
        if (Volatile.Read(ref doneCount) >= count)
            return;
        lock (doneGate)
        {
            while (doneCount < count)
                Monitor.Wait(doneGate);
        }
    }

    /// <summary>Runs <paramref name="action"/> with its arguments on the thread; the task completes when it has run.</summary>
    /// <param name="action">A cached delegate, so that posting allocates nothing.</param>
    public ValueTask Post(Action<object, object> action, object first, object second, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Command command;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping, this);
            command = idle.Count > 0 ? idle.Pop() : new Command(this);
            command.Prepare(action, first, second, ct);
            posted.Enqueue(command);
            postedCount++;
            Volatile.Write(ref waiting, posted.Count);
            Monitor.Pulse(gate);
        }
        return new ValueTask(command, command.Version);
    }

    private void Loop()
    {
        while (Take() is { } command)
        {
            command.Run();
            lock (doneGate)
            {
                doneCount++;
                Monitor.PulseAll(doneGate);
            }
        }
    }

    private Command? Take()
    {
        for (int i = 0; i < Spins && Volatile.Read(ref waiting) == 0; i++)
            Thread.SpinWait(8);
        lock (gate)
        {
            while (posted.Count == 0 && !stopping)
                Monitor.Wait(gate);
            bool any = posted.TryDequeue(out var command); // what was posted before stopping still runs
            Volatile.Write(ref waiting, posted.Count);
            return any ? command : null;
        }
    }

    private void Recycle(Command command)
    {
        lock (gate)
            idle.Push(command);
    }

    public void Dispose()
    {
        lock (gate)
        {
            stopping = true;
            Monitor.Pulse(gate);
        }
        if (Thread.CurrentThread != thread)
            thread.Join();
    }

    private sealed class Command(EngineThread owner) : IValueTaskSource
    {
        // Continuations leave the engine's thread: the caller's loop must not run on it.
        private ManualResetValueTaskSourceCore<bool> completion = new() { RunContinuationsAsynchronously = true };
        private Action<object, object> action = null!;
        private object? first;
        private object? second;
        private CancellationToken ct;

        public short Version => completion.Version;

        public void Prepare(Action<object, object> work, object a, object b, CancellationToken token) => (action, first, second, ct) = (work, a, b, token);

        public void Run()
        {
            try
            {
                ct.ThrowIfCancellationRequested();
                action(first!, second!);
                completion.SetResult(true);
            }
            catch (Exception e)
            {
                completion.SetException(e);
            }
        }

        public void GetResult(short token)
        {
            try
            {
                completion.GetResult(token);
            }
            finally
            {
                completion.Reset();
                (first, second, ct) = (null, null, default);
                owner.Recycle(this);
            }
        }

        public ValueTaskSourceStatus GetStatus(short token) => completion.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            completion.OnCompleted(continuation, state, token, flags);
    }
}
