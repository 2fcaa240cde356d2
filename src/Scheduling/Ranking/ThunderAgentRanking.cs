using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Programs that were paused are resumed smallest first (ThunderAgent, arXiv 2602.13692): the less context one needs, the more of them fit. Those
/// whose cache is still on the device go straight on.
/// </summary>
public sealed class ThunderAgentRanking : IRankingPolicy
{
    public string Name => "thunderagent";

    public double Score(in RankView request, DeviceProfile device) => request.ContextTokens;

    public string Explain(in RankView request, DeviceProfile device) => $"smallest first: {request.ContextTokens} tokens of context";
}
