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
public sealed class PoolCore(PoolLimits limits, DeviceProfile prior, IRankingPolicy ranking, PredictionPriors priors)
{
    private DeviceProfile profile = prior; // what a worker measured last: the pool's devices are alike
    private readonly Dictionary<string, WaitingRequest> waiting = new(StringComparer.Ordinal);
    private readonly List<WaitingRequest> order = []; // the same, sorted: scores change only with the policy
    private readonly SortedDictionary<string, PoolWorker> workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PoolWorker> onTheWay = new(StringComparer.Ordinal); // by request
    private readonly List<Placement> placements = [];
    private readonly List<LostSequence> lost = [];
    private IRankingPolicy ranking = ranking;

    public SegmentPredictor Predictor { get; } = new(priors);

    /// <summary>May be replaced live: all that waits is ranked anew.</summary>
    public IRankingPolicy Ranking
    {
        get => ranking;
        set
        {
            ranking = value;
            foreach (var entry in order)
                entry.Score = ranking.Score(entry.View, profile);
            order.Sort(WaitingRequest.ByTurn);
        }
    }

    public int WaitingCount => waiting.Count;

    public ImmutableArray<WorkerSnapshot> Workers => [.. workers.Values.Where(worker => !worker.IsSuspect).Select(worker => worker.Snapshot)];

    /// <summary>Idempotent by request and epoch. A request that a worker holds, or is about to get, under that epoch or a later one does not wait.</summary>
    public EnqueueOutcome Enqueue(RequestDescriptor request)
    {
        if (waiting.TryGetValue(request.Request, out var known) && known.Request.Epoch >= request.Epoch)
            return new EnqueueOutcome(EnqueueKind.Queued, Position(known), null);
        if (IsPlaced(request))
            return new EnqueueOutcome(EnqueueKind.Queued, 0, null);
        if (known is null && waiting.Count >= limits.MaxQueued)
            return new EnqueueOutcome(EnqueueKind.Refused, waiting.Count, $"{waiting.Count} requests wait already, the most this pool takes is {limits.MaxQueued}.");
        if (LargestContext() is { } largest && largest <= request.ContextTokens)
        {
            Withdraw(request.Request);
            return new EnqueueOutcome(EnqueueKind.TooLarge, 0, $"A context of {request.ContextTokens} tokens fits no worker; the largest holds {largest - 1}.");
        }

        Withdraw(request.Request); // what an older epoch left: a place in the queue, or a turn that was not taken
        var entry = new WaitingRequest(request, Predictor.Forecast(request));
        entry.Score = ranking.Score(entry.View, profile);
        waiting.Add(request.Request, entry);
        var position = ~order.BinarySearch(entry, WaitingRequest.ByTurn);
        order.Insert(position, entry);
        return new EnqueueOutcome(EnqueueKind.Queued, position, null);
    }

    public void Withdraw(string request)
    {
        if (waiting.Remove(request, out var entry))
            order.RemoveAt(Position(entry));
        if (onTheWay.Remove(request, out var worker))
            worker.Forget(request);
    }

    /// <summary>How a segment turned out. One that ended the request was on no way any more.</summary>
    public void Learn(SegmentOutcome outcome)
    {
        Predictor.Learn(outcome);
        if (outcome.Ended)
            Withdraw(outcome.Request);
    }

    /// <summary>Takes a worker's report; an older one than the last is ignored.</summary>
    public void Report(WorkerSnapshot snapshot, double now)
    {
        if (!workers.TryGetValue(snapshot.Worker, out var worker))
            workers.Add(snapshot.Worker, worker = new PoolWorker());
        else if ((snapshot.Incarnation, snapshot.Report).CompareTo((worker.Snapshot.Incarnation, worker.Snapshot.Report)) <= 0)
            return;
        worker.Take(snapshot, now, limits.WorkerTimeout, lost, onTheWay);
        profile = snapshot.Profile;
    }

    /// <summary>It could not be reached: nothing goes there until it reports again, and without a report what it held is given up in time.</summary>
    public void Remove(string worker)
    {
        if (workers.TryGetValue(worker, out var known))
            known.IsSuspect = true;
    }

    /// <summary>
    /// What is lost: all that workers held, or were about to get, that were silent for too long (they are forgotten), and what a worker held
    /// before its device was opened anew.
    /// </summary>
    public IReadOnlyList<LostSequence> Expire(double now)
    {
        foreach (var worker in workers.Values.Where(worker => now - worker.SeenAt > limits.LostTimeout).ToList())
        {
            workers.Remove(worker.Snapshot.Worker);
            worker.GiveUp(lost, onTheWay);
        }

        LostSequence[] said = [.. lost];
        lost.Clear();
        return said;
    }

    /// <summary>
    /// Hands out turns in the order of rank while workers have room. The first request that fits nowhere ends the round, so that a large one
    /// gets its memory in the end. The list is valid until the next call. Takes time in proportion to turns x workers.
    /// </summary>
    public IReadOnlyList<Placement> Dispatch(double now)
    {
        placements.Clear();
        foreach (var entry in order)
        {
            var request = entry.Request;
            if (Route(request, now) is not { } worker)
                break;
            waiting.Remove(request.Request);
            worker.Expect(request, now);
            onTheWay[request.Request] = worker;
            placements.Add(new Placement(request.Request, request.Epoch, worker.Snapshot.Worker, entry.Forecast));
        }

        order.RemoveRange(0, placements.Count);
        return placements;
    }

    /// <summary>Score, place in the queue and the reason in words; null when it does not wait.</summary>
    public (double Score, int Position, string Because)? Explain(string request)
    {
        if (!waiting.TryGetValue(request, out var entry))
            return null;
        var because = ranking.Explain(entry.View, profile);
        if (workers.Count == 0)
            because += "; no worker has reported yet";
        return (entry.Score, Position(entry), because);
    }

    // Back to the worker that holds the cache; else to the one with most room for it. Null: none has room.
    private PoolWorker? Route(RequestDescriptor request, double now)
    {
        if (request.Holder is { } holder && workers.TryGetValue(holder, out var owner) && owner.Takes(now, limits) && owner.Room(limits) > -limits.Lookahead)
            return owner;
        PoolWorker? best = null;
        foreach (var worker in workers.Values)
        {
            if (worker.Takes(now, limits) && worker.FreeBlocks >= worker.BlocksFor(request) && worker.LargestContext > request.ContextTokens
                && worker.Room(limits) > 0 && (best is null || worker.FreeShare > best.FreeShare))
                best = worker;
        }

        return best;
    }

    private int Position(WaitingRequest entry) => order.BinarySearch(entry, WaitingRequest.ByTurn);

    private bool IsPlaced(RequestDescriptor request)
    {
        if (onTheWay.TryGetValue(request.Request, out var coming) && coming.Expects(request.Request, request.Epoch))
            return true;
        foreach (var worker in workers.Values)
        {
            if (worker.Holds(request.Request, request.Epoch))
                return true;
        }

        return false;
    }

    private int? LargestContext()
    {
        int? largest = null;
        foreach (var worker in workers.Values)
            largest = Math.Max(largest ?? 0, worker.LargestContext);
        return largest;
    }
}
