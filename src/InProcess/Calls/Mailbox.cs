namespace Pharos.InProcess;

/// <summary>
/// The requests of one activation or observer. Starts one at a time; the exceptions are those that attributes allow to interleave.
/// </summary>
internal abstract class Mailbox(TurnQueue turns, bool reentrant)
{
    protected readonly Lock Gate = new();
    private readonly LinkedList<Request> waiting = new();
    private readonly List<Request> running = [];
    private int blocking;
    private int blockingWriters;

    public TurnQueue Turns { get; } = turns;

    /// <summary>The grain or observer whose methods run.</summary>
    public object? Instance { get; protected set; }

    /// <summary>May requests start now? Read under <see cref="Gate"/>.</summary>
    protected abstract bool IsOpen { get; }

    /// <summary>Will this mailbox never start a request again? Read under <see cref="Gate"/>.</summary>
    protected abstract bool IsClosed { get; }

    protected int RunningCount => running.Count;

    public bool IsQuiet
    {
        get
        {
            lock (Gate) return running.Count == 0 && waiting.Count == 0;
        }
    }

    /// <summary>How many stand in the queue, for error messages.</summary>
    public int WaitingCount
    {
        get
        {
            lock (Gate) return waiting.Count;
        }
    }

    /// <returns>False when the mailbox is closed: the sender looks for another.</returns>
    public bool TryEnqueue(Request request)
    {
        lock (Gate)
        {
            if (IsClosed) return false;
            request.Mailbox = this;
            if (MayStart(request) && (request.Interleaves || reentrant || waiting.Count == 0)) Start(request);
            else waiting.AddLast(request);
            return true;
        }
    }

    /// <summary>Takes a request back that has not started.</summary>
    public bool TryRemove(Request request)
    {
        lock (Gate) return waiting.Remove(request);
    }

    public void Done(Request request)
    {
        lock (Gate)
        {
            if (!running.Remove(request)) return;
            if (!request.Interleaves && !reentrant)
            {
                blocking--;
                if (!request.ReadOnly) blockingWriters--;
            }

            StartWaiting();
            OnDone(request);
        }
    }

    /// <summary>Called under <see cref="Gate"/> after each request.</summary>
    protected virtual void OnDone(Request request)
    {
    }

    /// <summary>Starts whatever may start, in order of arrival. Called under <see cref="Gate"/>.</summary>
    protected void StartWaiting()
    {
        var passed = false;
        for (var node = waiting.First; node is not null;)
        {
            var next = node.Next;
            if (MayStart(node.Value) && (!passed || node.Value.Interleaves || reentrant))
            {
                waiting.Remove(node);
                Start(node.Value);
            }
            else
            {
                passed = true;
            }

            node = next;
        }
    }

    /// <summary>Empties the queue, and for a sudden end forgets those that run. Called under <see cref="Gate"/>.</summary>
    protected List<Request> TakeAll(bool alsoRunning)
    {
        var taken = new List<Request>(waiting);
        waiting.Clear();
        if (!alsoRunning) return taken;
        taken.AddRange(running);
        running.Clear();
        blocking = blockingWriters = 0;
        return taken;
    }

    /// <summary>What waits and what runs. Called under <see cref="Gate"/>.</summary>
    protected List<Request> Everything() => [.. waiting, .. running];

    private bool MayStart(Request request) =>
        IsOpen && (request.Interleaves || reentrant || blocking == 0 || (request.ReadOnly && blockingWriters == 0));

    private void Start(Request request)
    {
        running.Add(request);
        if (!request.Interleaves && !reentrant)
        {
            blocking++;
            if (!request.ReadOnly) blockingWriters++;
        }

        Turns.Post(RunTurn, request);
    }

    private static readonly Action<object?> RunTurn = static request => _ = RunAsync((Request)request!);

    private static async Task RunAsync(Request request)
    {
        var mailbox = request.Mailbox!;
        await request.RunAsync(mailbox);
        mailbox.Done(request);
    }
}
