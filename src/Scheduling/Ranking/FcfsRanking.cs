using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>First come, first served by original arrival: a request keeps its age over all its tool calls (INFERCEPT's order).</summary>
public sealed class FcfsRanking : IRankingPolicy
{
    public string Name => "fcfs";

    public double Score(in RankView request, DeviceProfile device) => request.ArrivalAt;

    public string Explain(in RankView request, DeviceProfile device) => "in order of arrival";
}
