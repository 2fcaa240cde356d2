namespace Pharos.Scheduling.Ranking;

/// <param name="Size">Its score when it came.</param>
/// <param name="DeviceSeconds">What it takes of the device.</param>
internal readonly record struct Unstarted(double Size, double DeviceSeconds, double ArrivedAt);

/// <summary>Requests that came and never ran, in order of arrival.</summary>
internal sealed class UnstartedRequests
{
    private const int Most = 100_000; // older ones are forgotten: where starts are not told, memory stays bounded
    private readonly Dictionary<string, Unstarted> waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();

    public void Add(string request, Unstarted what)
    {
        waiting[request] = what;
        order.Enqueue(request);
        while (order.Count > Most)
            waiting.Remove(order.Dequeue());
    }

    public Unstarted? Find(string request) => waiting.TryGetValue(request, out var what) ? what : null;

    public Unstarted? Remove(string request) => waiting.Remove(request, out var what) ? what : null;

    /// <summary>When the oldest of at least that size came, seconds.</summary>
    public double? OldestFrom(double size)
    {
        while (order.TryPeek(out var gone) && !waiting.ContainsKey(gone))
            order.Dequeue();
        foreach (var request in order)
        {
            if (waiting.TryGetValue(request, out var what) && what.Size >= size)
                return what.ArrivedAt;
        }

        return null;
    }

    /// <summary>Seconds of the device that all of at least that size take.</summary>
    public double SecondsFrom(double size)
    {
        var seconds = 0.0;
        foreach (var request in order)
        {
            if (waiting.TryGetValue(request, out var what) && what.Size >= size)
                seconds += what.DeviceSeconds;
        }

        return seconds;
    }
}
