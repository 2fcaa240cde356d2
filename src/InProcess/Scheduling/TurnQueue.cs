namespace Pharos.InProcess;

/// <summary>
/// The task scheduler of one activation: runs one task at a time, in order. What a grain method awaits resumes here, because an await captures
/// the current scheduler. So grain code is never run by two threads at once.
/// </summary>
internal sealed class TurnQueue(IMessagePump pump, QuiescenceCounter quiescence, string name, Silo? silo) : TaskScheduler, ITurnQueue
{
    /// <summary>A long queue yields the thread after this many turns.</summary>
    private const int TurnsAtOnce = 32;

    private readonly Queue<Task> tasks = new();
    private bool scheduled;
    private bool dead;

    public string Name => name;
    public Silo? Silo => silo;
    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Drops what is queued and whatever comes: the process this queue stands for is gone.</summary>
    public void Kill()
    {
        lock (tasks)
        {
            dead = true;
            tasks.Clear();
        }
    }

    /// <summary>Runs <paramref name="turn"/> as a turn, without the caller's execution context: an AsyncLocal doesn't cross grains.</summary>
    public void Post(Action<object?> turn, object? state)
    {
        var flow = ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow();
        try
        {
            new Task(turn, state, TaskCreationOptions.DenyChildAttach).Start(this);
        }
        finally
        {
            flow?.Undo();
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (tasks)
        {
            if (dead) return;
            tasks.Enqueue(task);
            if (scheduled) return;
            scheduled = true;
        }

        quiescence.Begin();
        pump.Schedule(this);
    }

    /// <summary>The silo goes on after a halt.</summary>
    public void Release()
    {
        quiescence.Begin();
        pump.Schedule(this);
    }

    public bool RunTurns(int most)
    {
        if (silo?.Holds(this) == true)
        {
            quiescence.End();
            return false;
        }

        for (var i = 0; ; i++)
        {
            Task task;
            lock (tasks)
            {
                if (tasks.Count == 0)
                {
                    scheduled = false;
                    break;
                }

                if (i == most) return true;
                task = tasks.Dequeue();
            }

            TryExecuteTask(task);
        }

        quiescence.End();
        return false;
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (RunTurns(TurnsAtOnce)) pump.Schedule(this);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && Current == this && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (tasks) return [.. tasks];
    }
}
