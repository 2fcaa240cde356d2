using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>What <see cref="PharosBoundedRanking"/> holds itself to.</summary>
/// <param name="LeastShare">Share of the work that is large while no large request waits.</param>
/// <param name="MostShare">The same when the oldest has waited for <paramref name="DelaySeconds"/>.</param>
/// <param name="DelaySeconds">D: the age at which no more requests go before the oldest large one.</param>
/// <param name="MostSlowdown">The promise: nobody takes longer, tools apart, than so many times what it would take alone ...</param>
/// <param name="LeastAloneSeconds">... where less than this counts as this ...</param>
/// <param name="SustainableLoad">... while the measured load and its deviation together stay within.</param>
/// <param name="Sheds">Beyond it, large requests that would wait for more than <paramref name="DelaySeconds"/> are refused.</param>
public sealed record BoundedOptions(
    double LeastShare = 0.25, double MostShare = 0.5, double DelaySeconds = 1400, double MostSlowdown = 25, double LeastAloneSeconds = 2,
    double SustainableLoad = 0.9, bool Sheds = false);

/// <summary>
/// The order of <see cref="PharosRanking"/> with a tail. Small requests go by memory-time; large new ones wait, first come first served, behind
/// them; everything once started goes by memory-time. Large are the biggest requests that together hold a share of the work; the share grows as the
/// oldest of them ages: then fewer go before it. While the measured load is sustainable nobody waits for ever: whoever has used up half of the
/// slowdown that is promised goes first. The promise holds for a request if it was given, without a break, from its arrival to its end.
/// </summary>
public sealed class PharosBoundedRanking(BoundedOptions options) : IPromisingPolicy, IObservingPolicy
{
    private const double DueShare = 0.5; // of the time promised: the rest is for the segments still to run
    private const int IterationsBetweenLooks = 10;
    private const double LongestLook = 1; // seconds between two looks
    private const int ResidentTier = 0, DueTier = 1, SmallTier = 2, LargeTier = 3;
    private readonly PharosRanking sizes = new();
    private readonly SizeHistory history = new();
    private readonly UnstartedRequests unstarted = new();
    private readonly LoadMeter meter = new();
    private LoadEstimate load;
    private double cut = double.PositiveInfinity, share, withdrawnAt = double.NegativeInfinity, lookedAt = double.NegativeInfinity;
    private double smallWait; // of those that were started last, fading
    private int iterations, capacity = int.MaxValue, devices = 1;
    private bool follows;
    private long kept, violations;
    private DeviceProfile profile = DeviceProfile.GptJ6bA100;

    public PharosBoundedRanking() : this(new BoundedOptions())
    {
    }

    public string Name => "pharos-bounded";

    public int StarvationTier => DueTier;

    public PromiseState Promise => new(
        IsGiven ? PromiseMode.Promise : options.Sheds ? PromiseMode.Shed : PromiseMode.Order, options.MostSlowdown, options.LeastAloneSeconds,
        options.SustainableLoad, load.Mean, load.Deviation, double.IsFinite(withdrawnAt) ? withdrawnAt : null, kept, violations);

    private bool IsGiven => load.Mean + load.Deviation <= options.SustainableLoad;

    public int Tier(in RankView request) =>
        request.IsResident ? ResidentTier
        : IsPromised(request) && IsGiven && Elapsed(request) > DueShare * Promised(LeastAloneSeconds(request)) ? DueTier
        : request.RanAt is null && unstarted.Find(request.Request) is { } waits && waits.Size >= cut ? LargeTier
        : SmallTier;

    public double Score(in RankView request, DeviceProfile device) =>
        Tier(request) is DueTier or LargeTier ? request.ArrivalAt : sizes.Score(request, device);

    public string Explain(in RankView request, DeviceProfile device) => Tier(request) switch
    {
        DueTier => $"half of the slowdown of {options.MostSlowdown:G} that is promised is used up: goes first",
        LargeTier => "large and not started: in order of arrival, behind small ones",
        _ => sizes.Explain(request, device),
    };

    /// <summary>A large one waits for the large ones before it, served by what small ones leave: backlog / (1 - rho * (1 - f)).</summary>
    public double EstimateWait(in RankView request, DeviceProfile device)
    {
        var left = Math.Max(0.05, 1 - load.Mean * (1 - share));
        return sizes.Score(request, device) >= cut ? unstarted.SecondsFrom(cut) / (left * devices) : smallWait;
    }

    public bool Sheds(in RankView request, DeviceProfile device) =>
        options.Sheds && !IsGiven && sizes.Score(request, device) >= cut && EstimateWait(request, device) > options.DelaySeconds;

    public void Arrived(in RankView request, DeviceProfile device)
    {
        profile = device;
        var work = RemainingWork.Of(request, device);
        var size = sizes.Score(request, device);
        history.Add(size);
        meter.Add(work, device, capacity, request.Now);
        if (request.Now - lookedAt > LongestLook)
            Look(request.Now); // nothing may have run since
        if (request.TotalGenerated == 0)
            unstarted.Add(request.Request, new Unstarted(size, work.DeviceSeconds(device, capacity), request.Now));
    }

    public void Found(in RankView request, DeviceProfile device)
    {
        profile = device;
        Withdraw(request.Now); // what load brought them here nobody has measured
        var size = sizes.Score(request, device);
        history.Add(size);
        if (request is { RanAt: null, Segment: 0, TotalGenerated: 0 })
            unstarted.Add(request.Request, new Unstarted(size, RemainingWork.Of(request, device).DeviceSeconds(device, capacity), request.ArrivalAt));
    }

    public void Follow(PromiseState queue)
    {
        follows = true;
        load = new LoadEstimate(queue.Load, queue.LoadDeviation);
        Withdraw(queue.WithdrawnAt ?? double.NegativeInfinity);
    }

    public void Started(in RankView request)
    {
        if (unstarted.Remove(request.Request) is { } was && was.Size < cut)
            smallWait += 0.02 * (request.Now - was.ArrivedAt - smallWait);
    }

    public void Ended(in RankView request)
    {
        unstarted.Remove(request.Request);
        if (request.RanAt is null || !IsPromised(request))
            return;
        // Of one that is cancelled, or goes on elsewhere, the promise covers what it was still to do.
        if (Elapsed(request) > Promised(request.IsDone ? Attained(request) : AloneSeconds(request)))
            violations++;
        else if (request.IsDone)
            kept++;
    }

    public void Iterated(in IterationView iteration)
    {
        capacity = iteration.CapacityTokens > 0 ? iteration.CapacityTokens : int.MaxValue; // a queue knows none before a device has reported
        devices = Math.Max(1, iteration.Devices);
        meter.Computed(iteration.Tokens, iteration.RecomputedTokens, iteration.Now);
        if (iterations++ % IterationsBetweenLooks == 0)
            Look(iteration.Now);
    }

    private void Measure(double now)
    {
        var all = meter.Load(profile, capacity, now);
        load = new LoadEstimate(all.Mean / devices, all.Deviation / devices);
        if (!IsGiven)
            Withdraw(now);
    }

    private void Withdraw(double before) => withdrawnAt = Math.Max(withdrawnAt, before);

    private void Look(double now)
    {
        lookedAt = now;
        if (!follows)
            Measure(now);
        var age = now - (unstarted.OldestFrom(cut) ?? now);
        share = Math.Min(options.MostShare, options.LeastShare + (options.MostShare - options.LeastShare) * age / options.DelaySeconds);
        cut = history.Cut(share);
    }

    private bool IsPromised(in RankView request) => request.ArrivalAt > withdrawnAt;

    // However long it is expected to be, it may end with the next token.
    private double LeastAloneSeconds(in RankView request) => new RemainingWork(0, request.TotalGenerated, request.ContextTokens).SecondsAlone(profile);

    private double AloneSeconds(in RankView request) => RemainingWork.Of(request, profile).SecondsAlone(profile) + Attained(request);

    private static double Elapsed(in RankView request) => request.Now - request.ArrivalAt - request.ToolSeconds;

    private double Promised(double aloneSeconds) => options.MostSlowdown * Math.Max(options.LeastAloneSeconds, aloneSeconds);

    // What it has had, at the pace it would have had alone.
    private double Attained(in RankView request) => new RemainingWork(0, request.TotalGenerated, request.CachedTokens).SecondsAlone(profile);
}
