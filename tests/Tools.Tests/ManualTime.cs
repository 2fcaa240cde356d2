namespace Pharos.Tests.Tools;

/// <summary>
/// A clock that moves when told to. Timers due within <paramref name="skip"/> fire at once and move the clock: pauses between
/// attempts pass by themselves, while timeouts wait for <see cref="Advance"/>.
/// </summary>
public sealed class ManualTime(TimeSpan skip = default) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Timer> timers = [];
    private DateTimeOffset now = new(2030, 1, 15, 12, 0, 0, TimeSpan.Zero);

    public List<TimeSpan> Skipped { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan span)
    {
        List<Timer> due;
        lock (gate)
        {
            now += span;
            due = timers.FindAll(timer => timer.Due <= now);
            timers.RemoveAll(due.Contains);
        }

        due.ForEach(timer => timer.Fire());
    }

    private sealed class Timer(ManualTime clock, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; private set; }

        public void Fire() => ThreadPool.QueueUserWorkItem(_ => callback(state));

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                clock.timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                Due = clock.now + dueTime;
                if (dueTime > clock.SkipLimit)
                {
                    clock.timers.Add(this);
                    return true;
                }

                clock.now = Due;
                clock.Skipped.Add(dueTime);
            }

            Fire();
            return true;
        }

        public void Dispose()
        {
            lock (clock.gate)
                clock.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private TimeSpan SkipLimit => skip;
}
