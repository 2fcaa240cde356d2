using System.Globalization;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Pool;

// The order of what waits. Scores may change with time, with what was learned and with the device; to take all of them anew at each decision
// would cost more than it brings. So a score is taken anew where it decides, at the head, and of the rest a few at each decision in turn.
public sealed partial class PoolCore
{
    private const int HeadsARound = 256; // most scores taken anew at the head in one round
    private const int OthersARound = 32;

    private readonly FairQueue queue;
    private readonly List<WaitingRequest> ring = []; // all that wait, in no order
    private IRankingPolicy ranking;
    private IObservingPolicy? observer;
    private int nextInRing, rescored;

    /// <summary>May be replaced live: all that waits is ranked anew.</summary>
    public IRankingPolicy Ranking
    {
        get => ranking;
        set
        {
            ranking = value;
            observer = value as IObservingPolicy;
            if (observer is not null)
            {
                foreach (var entry in ring.OrderBy(entry => entry.Request.ArrivalAt).ThenBy(entry => entry.Request.Request, StringComparer.Ordinal))
                    observer.Found(entry.View(Math.Max(entry.ScoredAt, entry.Request.EnqueuedAt)), profile);
            }

            foreach (var entry in ring)
                queue.Remove(entry);
            foreach (var entry in ring)
                Insert(entry, entry.ScoredAt);
        }
    }

    /// <summary>Score, place in the queue and the reason in words; null when it does not wait.</summary>
    public (double Score, int Position, string Because)? Explain(string request)
    {
        if (!waiting.TryGetValue(request, out var entry))
            return null;
        var because = ranking.Explain(entry.View(entry.ScoredAt), profile);
        if (ranking is IPromisingPolicy promising && entry.Request.Segment == 0)
            because += string.Create(CultureInfo.InvariantCulture, $"; expected to wait for {promising.EstimateWait(entry.View(entry.ScoredAt), profile):F1} s in all");
        if (ring.Exists(other => other.Request.Priority < entry.Request.Priority))
            because += string.Create(CultureInfo.InvariantCulture, $"; its priority is {entry.Request.Priority}, and others of a lower one, which is sooner, wait");
        because += HeldBack(entry);
        if (roster.Workers.Count == 0)
            because += "; no worker has reported yet";
        return (entry.Score, queue.Position(entry), because);
    }

    private void Stand(WaitingRequest entry, double now)
    {
        if (!queue.HasAny(entry.Request.Tenant))
            shares.BeginToWait(entry.Request.Tenant);
        CountPriority(entry.Request, 1);
        entry.RingIndex = ring.Count;
        ring.Add(entry);
        Insert(entry, now);
    }

    private void Leave(WaitingRequest entry)
    {
        queue.Remove(entry);
        CountPriority(entry.Request, -1);
        var last = ring[^1];
        ring[entry.RingIndex] = last;
        last.RingIndex = entry.RingIndex;
        ring.RemoveAt(ring.Count - 1);
    }

    private void Insert(WaitingRequest entry, double now)
    {
        var view = entry.View(now);
        entry.Tier = ranking.Tier(view);
        entry.Score = ranking.Score(view, profile);
        entry.ScoredAt = now;
        queue.Insert(entry);
    }

    // A policy that displaces what runs sees only what waits on the device.
    private Binding Binding => limits.Binding == Binding.Late && ranking is IPreemptivePolicy ? Binding.Ahead : limits.Binding;

    // The next in turn, by a score that is fresh.
    private WaitingRequest? Next(double now)
    {
        while (queue.First is { } head)
        {
            if (now - head.ScoredAt <= limits.RescoreSeconds || rescored >= HeadsARound)
                return head;
            Rescore(head, now);
            rescored++;
        }

        return null;
    }

    private void RefreshSome(double now)
    {
        rescored = 0;
        for (var i = Math.Min(OthersARound, ring.Count); i > 0; i--)
        {
            nextInRing = nextInRing + 1 < ring.Count ? nextInRing + 1 : 0;
            if (now - ring[nextInRing].ScoredAt > limits.RescoreSeconds)
                Rescore(ring[nextInRing], now);
        }
    }

    private void Rescore(WaitingRequest entry, double now)
    {
        queue.Remove(entry);
        Insert(entry, now);
    }
}
