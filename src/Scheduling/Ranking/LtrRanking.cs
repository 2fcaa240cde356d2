using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Learning to rank (arXiv 2408.15792): of a prediction only the order counts, which request will be longer, so it is neither a length nor refined
/// while the request runs; preemptive. Who did not run for 200 iterations goes before all others until it has run for 10.
/// </summary>
public sealed class LtrRanking(int idleIterations = 200, int liftedIterations = 10) : IPreemptivePolicy, IObservingPolicy
{
    private readonly Dictionary<string, Idleness> known = new(StringComparer.Ordinal); // by request

    public string Name => "ltr";

    public PauseAction CacheOfDisplaced => PauseAction.Discard;

    public int Tier(in RankView request) => IsLifted(request) ? 0 : 1;

    public double Score(in RankView request, DeviceProfile device) => request.Forecast.RequestTokensLeft(0);

    public bool MayGiveWay(in RankView running) => !IsLifted(running);

    public void Ended(in RankView request) => known.Remove(request.Request);

    public string Explain(in RankView request, DeviceProfile device) => IsLifted(request)
        ? $"did not run for {idleIterations} iterations: goes first for {liftedIterations}"
        : "by the predicted order of lengths";

    // Idle iterations are counted from when it last ran, lifted ones in what it ran since.
    private bool IsLifted(in RankView request)
    {
        known.TryGetValue(request.Request, out var was);
        var now = was;
        if (was.Segment != request.Segment || was.Served != request.ServiceIterations)
            now = was with { Segment = request.Segment, Served = request.ServiceIterations, PassedOver = request.PassedOver };
        if (now.LiftedUntil <= request.ServiceIterations && request.PassedOver - now.PassedOver >= idleIterations)
            now = now with { LiftedUntil = request.ServiceIterations + liftedIterations, PassedOver = request.PassedOver };
        if (now != was)
            known[request.Request] = now;
        return now.LiftedUntil > request.ServiceIterations;
    }

    /// <param name="Segment">The segment when it was looked at last.</param>
    /// <param name="Served">Iterations it had run by then.</param>
    /// <param name="PassedOver">Iterations that had run without it when it ran last.</param>
    /// <param name="LiftedUntil">It is lifted until it has run for so many iterations.</param>
    private readonly record struct Idleness(int Segment, int Served, int PassedOver, int LiftedUntil);
}
