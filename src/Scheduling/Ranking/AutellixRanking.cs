using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Program-level attained service (PLAS of Autellix, arXiv 2502.13965), with no prediction: who has been served least over all its calls goes first.
/// Service counts in levels that double, so that programs of about the same service do not displace each other at every iteration; one that has
/// waited long against what it was served goes to the top.
/// </summary>
public sealed class AutellixRanking : IPreemptivePolicy
{
    private const double FirstLevelSeconds = 0.25;
    private const double MostWaitToService = 10;
    private const double LeastWaitSeconds = 3; // a program that was hardly served yet does not starve within seconds

    public string Name => "autellix";

    public PauseAction CacheOfDisplaced => PauseAction.Swap;

    public int Tier(in RankView request) => 0;

    public double Score(in RankView request, DeviceProfile device) =>
        Starves(request) ? -1 : Math.Max(0, Math.Floor(Math.Log2(request.ServiceSeconds / FirstLevelSeconds) + 1));

    public bool MayGiveWay(in RankView running) => true;

    public string Explain(in RankView request, DeviceProfile device) =>
        $"served for {request.ServiceSeconds:F1} s over all its calls{(Starves(request) ? ", has waited long against it" : "")}";

    private static bool Starves(in RankView request)
    {
        var waited = request.Now - Math.Max(request.QueuedAt, request.RanAt ?? request.QueuedAt);
        return waited > LeastWaitSeconds && waited > MostWaitToService * request.ServiceSeconds;
    }
}
