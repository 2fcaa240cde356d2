using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// First those that lost their place, then those whose cache was kept for them, then programs by arrival: a request is one program over all its tool
/// calls and keeps its age (Continuum, arXiv 2511.02230; later called CacheTTL).
/// </summary>
public sealed class ContinuumRanking : IRankingPolicy
{
    public string Name => "continuum";

    public int Tier(in RankView request) => request.Preemptions > 0 ? 0 : request.IsResident ? 1 : 2;

    public double Score(in RankView request, DeviceProfile device) => request.ArrivalAt;

    public string Explain(in RankView request, DeviceProfile device) => Tier(request) switch
    {
        0 => "lost its place: goes first",
        1 => "its cache was kept for it",
        _ => "in order of the program's arrival",
    };
}
