using System.Collections.Immutable;
using System.Globalization;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Fairness;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Pool;

/// <param name="MaxQueued">Most requests waiting; beyond it new ones are refused.</param>
/// <param name="Lookahead">Sequences handed to a worker beyond what runs there, so that its next batch never waits for a message.</param>
/// <param name="WorkerTimeout">A worker that has not reported for so many seconds gets nothing new.</param>
/// <param name="LostTimeout">After so many seconds its sequences are given up and placed anew.</param>
/// <param name="FairSlackSeconds">Lead that a tenant may have over others that wait before theirs go first: so many seconds of all the pool's memory.</param>
/// <param name="RescoreSeconds">Age at which a score is taken anew before it decides; about ten iterations (LAMPS: 10).</param>
/// <param name="MovesCaches">Workers fetch caches from each other.</param>
public sealed record PoolLimits(
    int MaxQueued = 10_000, int Lookahead = 4, double WorkerTimeout = 3, double LostTimeout = 10, double RescoreSeconds = 0.25,
    Binding Binding = Binding.Late, bool MovesCaches = false, double FairSlackSeconds = 10);

/// <summary>A request's turn on a worker.</summary>
/// <param name="WaitSeconds">How long it waited for this turn.</param>
/// <param name="IsPromoted">It went before others because it had waited for too long.</param>
public readonly record struct Placement(
    string Request, int Epoch, string Worker, SegmentForecast Forecast, RouteDecision Route, double WaitSeconds = 0, bool IsPromoted = false);

/// <summary>A sequence whose worker is gone.</summary>
public readonly record struct LostSequence(string Request, int Epoch, string Worker);

/// <summary>
/// The state machine of the global scheduler of one pool: ranks what waits, routes it to workers that have room, learns. Soft state:
/// everything is rebuilt from workers' reports and from requests that ask again.
/// </summary>
public sealed partial class PoolCore
{
    private const int FirstEpoch = 1; // a later one was let in before, and is never refused for being large
    private readonly PoolLimits limits;
    private readonly IRoutingPolicy routing;
    private readonly Dictionary<string, WaitingRequest> waiting = new(StringComparer.Ordinal);
    private readonly WorkerRoster roster;
    private readonly Dictionary<string, PoolWorker> onTheWay = new(StringComparer.Ordinal); // by request
    private readonly List<Placement> placements = [];
    private readonly List<LostSequence> lost = [];
    private DeviceProfile profile; // what a worker measured last: the pool's devices are alike
    private long computed, recomputed; // tokens, since the last round

    public PoolCore(PoolLimits limits, DeviceProfile prior, IRankingPolicy ranking, PredictionPriors priors, IRoutingPolicy? routing = null, Func<string, double>? weightOf = null)
    {
        shares = new FairShare(weightOf ?? (_ => 1));
        queue = new FairQueue(shares);
        this.limits = limits;
        this.routing = routing ?? new MemoryTimeRouting();
        this.ranking = ranking;
        observer = ranking as IObservingPolicy;
        profile = prior;
        roster = new WorkerRoster(limits);
        Predictor = new SegmentPredictor(priors);
    }

    public SegmentPredictor Predictor { get; }

    public string Routing => routing.Name;

    /// <summary>How the promise stands that the pool gives; null where its ranking promises nothing.</summary>
    public PromiseState? Promise => (ranking as IPromisingPolicy)?.Promise;

    public bool IsWaiting(string request) => waiting.ContainsKey(request);

    public int WaitingCount => waiting.Count;

    public ImmutableArray<WorkerSnapshot> Workers => [.. roster.Workers.Where(worker => !worker.IsSuspect).Select(worker => worker.Snapshot)];

    /// <summary>Idempotent by request and epoch. A request that a worker holds, or is about to get, under that epoch or a later one does not wait.</summary>
    public EnqueueOutcome Enqueue(RequestDescriptor request) => Enqueue(request, null);

    /// <param name="forecast">What is expected of its segment; null: as the pool has learned.</param>
    public EnqueueOutcome Enqueue(RequestDescriptor request, SegmentForecast? forecast)
    {
        if (waiting.TryGetValue(request.Request, out var known) && known.Request.Epoch >= request.Epoch)
            return new EnqueueOutcome(EnqueueKind.Queued, queue.Position(known), null);
        if (IsPlaced(request))
            return new EnqueueOutcome(EnqueueKind.Queued, 0, null);
        if (known is null && waiting.Count >= limits.MaxQueued && IsNew(request) && !MakeRoom(request))
            return new EnqueueOutcome(EnqueueKind.Refused, waiting.Count, $"{waiting.Count} requests wait already, the most this pool takes is {limits.MaxQueued}.", RetryAfter());
        if (roster.LargestContext is { } largest && largest <= request.ContextTokens)
        {
            Forget(request.Request);
            return new EnqueueOutcome(EnqueueKind.TooLarge, 0, $"A context of {request.ContextTokens} tokens fits no worker; the largest holds {largest - 1}.");
        }

        var entry = new WaitingRequest(request, forecast ?? Predictor.Forecast(request));
        var view = entry.View(request.EnqueuedAt);
        if (known is null && request.Segment == 0)
            observer?.Arrived(view, profile);
        if (known is null && request is { Segment: 0, Epoch: FirstEpoch } && ranking is IPromisingPolicy promising && promising.Sheds(view, profile))
        {
            observer?.Ended(view); // it counts as demand all the same
            return new EnqueueOutcome(EnqueueKind.Refused, waiting.Count, Shed(promising, view), Math.Clamp(promising.EstimateWait(view, profile), LeastRetrySeconds, MostRetrySeconds));
        }

        Forget(request.Request); // what an older epoch left: a place in the queue, or a turn that was not taken
        waiting.Add(request.Request, entry);
        Stand(entry, request.EnqueuedAt);
        return new EnqueueOutcome(EnqueueKind.Queued, queue.Position(entry), null);
    }

    private string Shed(IPromisingPolicy policy, in RankView view) => string.Create(CultureInfo.InvariantCulture,
        $"More work arrives than the pool can do (load {policy.Promise.Load:F2}), and a request of this size would wait for about {policy.EstimateWait(view, profile):F0} s.");

    /// <summary>It waits no longer: cancelled, or finished.</summary>
    public void Withdraw(string request)
    {
        observer?.Ended(waiting.TryGetValue(request, out var entry) ? entry.View(entry.ScoredAt) : default(RankView) with { Request = request });
        Forget(request);
    }

    private void Forget(string request)
    {
        if (waiting.Remove(request, out var entry))
            Leave(entry);
        if (!onTheWay.Remove(request, out var worker))
            return;
        worker.Forget(request);
        roster.Refresh(worker);
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
        if (roster.Find(snapshot.Worker)?.Snapshot is { } before && before.Incarnation == snapshot.Incarnation && before.Report < snapshot.Report)
        {
            var (then, since) = (before.Counters, snapshot.Counters);
            computed += since.PrefillTokens + since.GeneratedTokens - then.PrefillTokens - then.GeneratedTokens;
            recomputed += since.RecomputedTokens - then.RecomputedTokens;
        }

        Account(roster.Find(snapshot.Worker)?.Snapshot, snapshot);
        roster.Report(snapshot, now, lost, onTheWay);
        CountExpected();
        profile = snapshot.Profile;
    }

    /// <summary>It could not be reached: nothing goes there until it reports again, and without a report what it held is given up in time.</summary>
    public void Remove(string worker)
    {
        if (roster.Find(worker) is not { } known)
            return;
        known.IsSuspect = true;
        roster.Refresh(known);
    }

    /// <summary>
    /// What is lost: all that workers held, or were about to get, that were silent for too long (they are forgotten), and what a worker held
    /// before its device was opened anew.
    /// </summary>
    public IReadOnlyList<LostSequence> Expire(double now)
    {
        foreach (var worker in roster.Workers.Where(worker => now - worker.SeenAt > limits.LostTimeout).ToList())
        {
            roster.Remove(worker);
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
        // A round is the pool's iteration: what its devices have computed since the last.
        observer?.Iterated(new IterationView(now, 0, computed, recomputed, 0, roster.MeanCapacity, waiting.Count, roster.Workers.Count));
        computed = recomputed = 0;
        RefreshSome(now);
        while (Next(now) is { } entry)
        {
            var wanted = Wanted(entry.Request, now);
            var chosen = routing.Choose(wanted, roster.Candidates);
            if (chosen < 0)
                break;
            var request = entry.Request;
            var worker = roster.Workers[chosen];
            placements.Add(new Placement(request.Request, request.Epoch, worker.Snapshot.Worker, entry.Forecast, Decision(wanted, chosen),
                now - request.EnqueuedAt, entry.Tier == ranking.StarvationTier));
            waiting.Remove(request.Request);
            Leave(entry);
            if (request.Segment == 0)
                observer?.Started(entry.View(now));
            var load = MemoryTimeLoad.OfSegment(profile, request.ContextTokens, request.HeldTokens, 0, entry.Forecast);
            shares.Dispatched(request.Tenant);
            shares.Expect(request.Tenant, load);
            worker.Expect(request, load, now);
            onTheWay[request.Request] = worker;
            roster.Refresh(worker);
        }

        CountTurns(placements.Count, now);
        return placements;
    }

    // An owner that holds nothing of it any more is none.
    private RouteRequest Wanted(RequestDescriptor request, double now)
    {
        var owner = -1;
        var (device, host) = (0, 0);
        if (request.Holder is { } holder && roster.Find(holder) is { } worker)
        {
            (device, host) = worker.CacheOf(request.Request);
            if (device + host == 0)
                device = request.HeldTokens; // its last report may be from before the pause
            owner = device + host > 0 ? worker.Index : -1;
        }

        return new RouteRequest(request.ContextTokens, owner, device, host, now, Binding, limits.Lookahead, limits.MovesCaches && roster.IsUniform);
    }

    private RouteDecision Decision(in RouteRequest request, int chosen)
    {
        var workers = roster.Candidates;
        ref readonly var worker = ref workers[chosen];
        var (owner, ownerSeconds) = (default(string), 0.0);
        if (request.Owner >= 0)
        {
            ref readonly var holder = ref workers[request.Owner];
            (owner, ownerSeconds) = (holder.Worker, request.WaitSeconds(holder, request.Owner) + request.ReloadSeconds(holder, request.Owner));
        }

        var movesCache = request.MovesCache(worker, chosen);
        return new RouteDecision(
            routing.Name, worker.Worker, request.WaitSeconds(worker, chosen), request.ReloadSeconds(worker, chosen),
            chosen == request.Owner || movesCache ? request.DeviceTokens + request.HostTokens : 0, worker.DrainSeconds, owner, ownerSeconds, movesCache, roster.Workers[chosen].Snapshot.Model);
    }

    private bool IsPlaced(RequestDescriptor request) =>
        onTheWay.TryGetValue(request.Request, out var coming) && coming.Expects(request.Request, request.Epoch)
        || roster.Holds(request.Request, request.Epoch);
}
