using System.Collections.Immutable;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Pool;

/// <param name="MaxQueued">Most requests waiting; beyond it new ones are refused.</param>
/// <param name="Lookahead">Sequences handed to a worker beyond what runs there, so that its next batch never waits for a message.</param>
/// <param name="WorkerTimeout">A worker that has not reported for so many seconds gets nothing new.</param>
/// <param name="LostTimeout">After so many seconds its sequences are given up and placed anew.</param>
public sealed record PoolLimits(int MaxQueued = 10_000, int Lookahead = 4, double WorkerTimeout = 3, double LostTimeout = 10);

/// <summary>A request's turn on a worker.</summary>
public readonly record struct Placement(string Request, int Epoch, string Worker, SegmentForecast Forecast);

/// <summary>A sequence whose worker is gone.</summary>
public readonly record struct LostSequence(string Request, int Epoch, string Worker);

/// <summary>
/// The state machine of the global scheduler of one pool: ranks what waits, hands it to workers that have room, learns. Soft state:
/// everything is rebuilt from workers' reports and from requests that ask again.
/// </summary>
public sealed class PoolCore(PoolLimits limits, DeviceProfile profile, IRankingPolicy ranking, PredictionPriors priors)
{
    private readonly Dictionary<string, Waiting> waiting = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Worker> workers = new(StringComparer.Ordinal);
    private readonly List<Waiting> order = [];
    private readonly List<Placement> placements = [];

    public SegmentPredictor Predictor { get; } = new(priors);

    public IRankingPolicy Ranking { get; set; } = ranking;

    public int WaitingCount => waiting.Count;

    public ImmutableArray<WorkerSnapshot> Workers => [.. workers.Values.Select(worker => worker.Snapshot)];

    /// <summary>Idempotent by request and epoch. A request that a worker holds under that epoch or a later one does not wait.</summary>
    public EnqueueOutcome Enqueue(RequestDescriptor request)
    {
        if (waiting.TryGetValue(request.Request, out var known) && known.Request.Epoch >= request.Epoch)
            return new EnqueueOutcome(EnqueueKind.Queued, Ahead(known), null);
        if (workers.Values.Any(worker => worker.Holds(request.Request, request.Epoch)))
            return new EnqueueOutcome(EnqueueKind.Queued, 0, null);
        if (known is null && waiting.Count >= limits.MaxQueued)
            return new EnqueueOutcome(EnqueueKind.Refused, waiting.Count, $"{waiting.Count} requests wait already, the most this pool takes is {limits.MaxQueued}.");
        if (workers.Count > 0 && workers.Values.All(worker => worker.LargestContext <= request.ContextTokens))
        {
            var largest = workers.Values.Max(worker => worker.LargestContext);
            return new EnqueueOutcome(EnqueueKind.Refused, 0, $"A context of {request.ContextTokens} tokens fits no worker; the largest holds {largest - 1}.");
        }

        var entry = new Waiting(request, Predictor.Forecast(request));
        waiting[request.Request] = entry;
        return new EnqueueOutcome(EnqueueKind.Queued, Ahead(entry), null);
    }

    public void Withdraw(string request) => waiting.Remove(request);

    /// <summary>Takes a worker's report; an older one than the last is ignored.</summary>
    public void Report(WorkerSnapshot snapshot, double now)
    {
        if (!workers.TryGetValue(snapshot.Worker, out var worker))
        {
            workers.Add(snapshot.Worker, worker = new Worker(snapshot));
        }
        else if (snapshot.Incarnation < worker.Snapshot.Incarnation
                 || (snapshot.Incarnation == worker.Snapshot.Incarnation && snapshot.Report <= worker.Snapshot.Report))
        {
            return;
        }

        worker.Snapshot = snapshot;
        worker.SeenAt = now;
        worker.OnTheWay.RemoveAll(placed => worker.Holds(placed.Request, placed.Epoch) || now - placed.At > limits.WorkerTimeout);
    }

    public void Remove(string worker) => workers.Remove(worker);

    /// <summary>Workers that were silent for too long, and what they held. They are forgotten.</summary>
    public IReadOnlyList<LostSequence> Expire(double now)
    {
        var lost = new List<LostSequence>();
        foreach (var worker in workers.Values.Where(worker => now - worker.SeenAt > limits.LostTimeout).ToList())
        {
            workers.Remove(worker.Snapshot.Worker);
            lost.AddRange(worker.Snapshot.Sequences.Where(held => held.Phase != SequencePhase.Parked)
                .Select(held => new LostSequence(held.Request, held.Epoch, worker.Snapshot.Worker)));
        }

        return lost;
    }

    /// <summary>
    /// Hands out turns in the order of rank while workers have room. The first request that fits nowhere ends the round, so that a large one
    /// gets its memory in the end. The list is valid until the next call.
    /// </summary>
    public IReadOnlyList<Placement> Dispatch(double now)
    {
        placements.Clear();
        if (waiting.Count == 0 || workers.Count == 0)
            return placements;
        Sort();
        foreach (var entry in order)
        {
            var worker = Route(entry.Request, now);
            if (worker is null)
                break;
            waiting.Remove(entry.Request.Request);
            worker.OnTheWay.Add(new OnTheWay(entry.Request.Request, entry.Request.Epoch, worker.BlocksFor(entry.Request), now));
            placements.Add(new Placement(entry.Request.Request, entry.Request.Epoch, worker.Snapshot.Worker, entry.Forecast));
        }

        return placements;
    }

    /// <summary>Score, place in the queue and the reason in words; null when it does not wait.</summary>
    public (double Score, int Position, string Because)? Explain(string request)
    {
        if (!waiting.TryGetValue(request, out var entry))
            return null;
        Sort();
        var because = Ranking.Explain(View(entry), profile);
        if (workers.Count == 0)
            because += "; no worker has reported yet";
        return (entry.Score, order.IndexOf(entry), because);
    }

    // Back to the worker that holds the cache; else to the one with most room for it. Null: none has room.
    private Worker? Route(RequestDescriptor request, double now)
    {
        if (request.Holder is { } holder && workers.TryGetValue(holder, out var owner) && owner.TakesReturns(now, limits) && owner.Room(limits) > -limits.Lookahead)
            return owner;
        Worker? best = null;
        foreach (var worker in workers.Values)
        {
            if (worker.TakesNew(now, limits) && worker.FreeBlocks >= worker.BlocksFor(request) && worker.Room(limits) > 0
                && (best is null || worker.FreeShare > best.FreeShare))
                best = worker;
        }

        return best;
    }

    private void Sort()
    {
        order.Clear();
        order.AddRange(waiting.Values);
        foreach (var entry in order)
            entry.Score = Ranking.Score(View(entry), profile);
        order.Sort(static (a, b) =>
        {
            // What holds memory while it waits goes first.
            var byHeld = (b.Request.HeldTokens > 0).CompareTo(a.Request.HeldTokens > 0);
            var byPriority = byHeld != 0 ? byHeld : a.Request.Priority.CompareTo(b.Request.Priority);
            var byScore = byPriority != 0 ? byPriority : a.Score.CompareTo(b.Score);
            return byScore != 0 ? byScore : string.CompareOrdinal(a.Request.Request, b.Request.Request);
        });
    }

    private int Ahead(Waiting entry)
    {
        entry.Score = Ranking.Score(View(entry), profile);
        return waiting.Values.Count(other => other != entry && other.Score < entry.Score);
    }

    private static RankView View(Waiting entry) =>
        new(entry.Request.ArrivalAt, entry.Request.ContextTokens, entry.Request.HeldTokens, 0, entry.Forecast);

    private sealed class Waiting(RequestDescriptor request, SegmentForecast forecast)
    {
        public RequestDescriptor Request { get; } = request;

        public SegmentForecast Forecast { get; } = forecast;

        public double Score { get; set; }
    }

    private readonly record struct OnTheWay(string Request, int Epoch, int Blocks, double At);

    private sealed class Worker(WorkerSnapshot snapshot)
    {
        public WorkerSnapshot Snapshot { get; set; } = snapshot;

        public double SeenAt { get; set; }

        public List<OnTheWay> OnTheWay { get; } = [];

        public int LargestContext => Math.Min(Snapshot.Kv.DeviceBlocks * Snapshot.Kv.BlockSize, Snapshot.MaxPositions);

        /// <summary>Blocks free or lent to parked caches, less what is promised to sequences that wait there or are on their way.</summary>
        public int FreeBlocks => Snapshot.Kv.DeviceFree + Snapshot.Kv.DeviceParked - OnTheWay.Sum(placed => placed.Blocks)
            - Snapshot.Sequences.Where(held => held.Phase == SequencePhase.Waiting)
                .Sum(held => Blocks(held.ContextTokens) - Blocks(held.DeviceTokens));

        public double FreeShare => (double)FreeBlocks / Snapshot.Kv.DeviceBlocks
            - 0.01 * (OnTheWay.Count + Snapshot.Sequences.Count(held => held.Phase != SequencePhase.Parked));

        public bool TakesReturns(double now, PoolLimits limits) =>
            Snapshot.State is WorkerState.Active or WorkerState.Draining && now - SeenAt <= limits.WorkerTimeout;

        public bool TakesNew(double now, PoolLimits limits) => Snapshot.State == WorkerState.Active && now - SeenAt <= limits.WorkerTimeout;

        /// <summary>Sequences that may still be handed over.</summary>
        public int Room(PoolLimits limits) => Snapshot.MaxSequences + limits.Lookahead - OnTheWay.Count
            - Snapshot.Sequences.Count(held => held.Phase != SequencePhase.Parked);

        public int BlocksFor(RequestDescriptor request) => Blocks(request.ContextTokens + 1);

        public bool Holds(string request, int epoch)
        {
            foreach (var held in Snapshot.Sequences)
            {
                if (held.Epoch >= epoch && held.Phase != SequencePhase.Parked && held.Request == request)
                    return true;
            }

            return false;
        }

        private int Blocks(int tokens) => (tokens + Snapshot.Kv.BlockSize - 1) / Snapshot.Kv.BlockSize;
    }
}
