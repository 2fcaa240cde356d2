using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// First come, first served by segment: a request that comes back from a tool is a new one at the tail, and one that was preempted keeps its
/// place at the front (vLLM, arXiv 2309.06180, as INFERCEPT 2402.01869 runs it for requests that call tools).
/// </summary>
public sealed class RequeueRanking : IRankingPolicy
{
    public string Name => "requeue";

    public double Score(in RankView request, DeviceProfile device) => request.QueuedAt;

    public string Explain(in RankView request, DeviceProfile device) => "in order of coming, anew after each tool call";
}
