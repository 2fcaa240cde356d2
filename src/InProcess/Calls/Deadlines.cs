using System.Collections.Concurrent;

namespace Pharos.InProcess;

/// <summary>
/// Ends calls whose response is late. Calls with the same timeout expire in the order they were made, so each timeout has a list and one timer
/// for its head: a call costs two list operations, not a timer.
/// </summary>
internal sealed class Deadlines(TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<TimeSpan, DeadlineList> lists = new();

    public DeadlineList For(TimeSpan timeout) => lists.GetOrAdd(timeout, span => new DeadlineList(time, span));

    public void Dispose()
    {
        foreach (var list in lists.Values) list.Dispose();
    }
}

/// <summary>The calls in progress that share one timeout, oldest first.</summary>
internal sealed class DeadlineList : IDisposable
{
    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly TimeSpan timeout;
    private readonly ITimer timer;
    private Call? first;
    private Call? last;
    private bool armed;

    public DeadlineList(TimeProvider time, TimeSpan timeout)
    {
        this.time = time;
        this.timeout = timeout;
        timer = time.CreateDetachedTimer(static list => list.Expire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(Call call)
    {
        lock (gate)
        {
            call.StartedAt = time.GetTimestamp();
            call.Previous = last;
            if (last is null) first = call;
            else last.Next = call;
            last = call;
            if (armed) return;
            armed = true;
            timer.Change(timeout, Timeout.InfiniteTimeSpan);
        }
    }

    public void Remove(Call call)
    {
        lock (gate)
        {
            if (call.Previous is null && first != call) return;
            if (call.Previous is null) first = call.Next;
            else call.Previous.Next = call.Next;
            if (call.Next is null) last = call.Previous;
            else call.Next.Previous = call.Previous;
            call.Previous = call.Next = null;
        }
    }

    public void Dispose() => timer.Dispose();

    private void Expire()
    {
        var expired = new List<Call>();
        lock (gate)
        {
            var left = TimeSpan.Zero;
            while (first is { } head && (left = timeout - time.GetElapsedTime(head.StartedAt)) <= TimeSpan.Zero)
            {
                expired.Add(head);
                first = head.Next;
                if (first is null) last = null;
                else first.Previous = null;
                head.Next = null;
            }

            armed = first is not null;
            if (armed) timer.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }

        foreach (var call in expired) call.OnTimeout(timeout);
    }
}
