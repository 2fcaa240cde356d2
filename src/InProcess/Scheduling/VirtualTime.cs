namespace Pharos.InProcess;

/// <summary>
/// A clock that stands still until it is moved. Timers run on the thread that moves it, in order of their due times, and of their creation where
/// those are equal.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<Timer, (DateTimeOffset Due, long Order)> due = new();
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long order;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Moves the clock; timers run at their times on the way.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var until = GetUtcNow() + by;
        while (RunNext(until))
        {
        }
    }

    /// <summary>
    /// Moves the clock; after each timer waits until the cluster has come to rest, so that timers which turns set anew run too. The way for tests of
    /// grains.
    /// </summary>
    public async Task AdvanceAsync(TimeSpan by, InProcessCluster cluster)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var until = GetUtcNow() + by;
        do await cluster.WaitForIdle();
        while (RunNext(until));
    }

    /// <summary>Moves the clock to the next timer and runs it; false when none is set.</summary>
    internal bool RunNext()
    {
        DateTimeOffset next;
        lock (gate)
        {
            DropStale();
            if (!due.TryPeek(out _, out var first)) return false;
            next = first.Due;
        }

        return RunNext(next);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <returns>False when no timer was due until then; the clock then stands at <paramref name="until"/>.</returns>
    private bool RunNext(DateTimeOffset until)
    {
        Timer timer;
        lock (gate)
        {
            DropStale();
            if (!due.TryPeek(out timer!, out var first) || first.Due > until)
            {
                if (now < until) now = until;
                return false;
            }

            due.Dequeue();
            if (now < first.Due) now = first.Due;
            timer.Dequeued();
        }

        timer.Run();
        return true;
    }

    // Under the gate. A timer that was changed or disposed leaves its old entry behind.
    private void DropStale()
    {
        while (due.TryPeek(out var timer, out var first) && timer.Entry != first.Order) due.Dequeue();
    }

    private sealed class Timer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan period;
        private bool disposed;

        /// <summary>The entry in the queue that counts; 0 when none does.</summary>
        public long Entry { get; private set; }

        public void Run() => callback(state);

        public void Dequeued()
        {
            Entry = 0;
            if (period > TimeSpan.Zero) Enqueue(period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                if (disposed) return false;
                this.period = period;
                Entry = 0;
                if (dueTime != Timeout.InfiniteTimeSpan) Enqueue(dueTime);
                return true;
            }
        }

        public void Dispose()
        {
            lock (time.gate)
            {
                disposed = true;
                Entry = 0;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Enqueue(TimeSpan after) => time.due.Enqueue(this, (time.now + after, Entry = ++time.order));
    }
}
