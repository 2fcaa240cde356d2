namespace Pharos.Scheduling.Ranking;

/// <param name="Size">Its score when it came.</param>
/// <param name="DeviceSeconds">What it takes of the device.</param>
internal readonly record struct Unstarted(double Size, double DeviceSeconds, double ArrivedAt);

/// <summary>Requests that came and never ran, in order of arrival. One that went and came again stands where it came last.</summary>
internal sealed class UnstartedRequests
{
    private const int Most = 100_000; // older ones are forgotten: where starts are not told, memory stays bounded
    private const int LeastGone = 64;
    private readonly Dictionary<string, (Unstarted What, long Number)> waiting = new(StringComparer.Ordinal);
    private readonly Queue<(string Request, long Number)> order = new(); // with those that are gone meanwhile, as many again at most
    private long next;

    public void Add(string request, Unstarted what)
    {
        waiting[request] = (what, next);
        order.Enqueue((request, next++));
        if (order.Count > 2 * waiting.Count + LeastGone)
            LeaveOutGone();
        while (waiting.Count > Most)
        {
            var oldest = order.Dequeue();
            if (Current(oldest) is not null)
                waiting.Remove(oldest.Request);
        }
    }

    public Unstarted? Find(string request) => waiting.TryGetValue(request, out var known) ? known.What : null;

    public Unstarted? Remove(string request) => waiting.Remove(request, out var known) ? known.What : null;

    /// <summary>When the oldest of at least that size came, seconds.</summary>
    public double? OldestFrom(double size)
    {
        while (order.TryPeek(out var first) && Current(first) is null)
            order.Dequeue();
        foreach (var entry in order)
        {
            if (Current(entry) is { } what && what.Size >= size)
                return what.ArrivedAt;
        }

        return null;
    }

    /// <summary>Seconds of the device that all of at least that size take.</summary>
    public double SecondsFrom(double size)
    {
        var seconds = 0.0;
        foreach (var entry in order)
        {
            if (Current(entry) is { } what && what.Size >= size)
                seconds += what.DeviceSeconds;
        }

        return seconds;
    }

    private Unstarted? Current((string Request, long Number) entry) =>
        waiting.TryGetValue(entry.Request, out var known) && known.Number == entry.Number ? known.What : null;

    private void LeaveOutGone()
    {
        for (var left = order.Count; left > 0; left--)
        {
            var entry = order.Dequeue();
            if (Current(entry) is not null)
                order.Enqueue(entry);
        }
    }
}
