using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Memory over time as LAMPS' published code has it (arXiv 2410.18248): the context counts as if all of it were to be computed, the next call
/// alone is looked at, with the handling that <see cref="LampsPublishedPause"/> fixed when the segment began, and only requests that once ran can
/// be lifted for having been passed over.
/// </summary>
/// <param name="starvationIterations">Passed over that often, one goes first (100 in the paper).</param>
public sealed class LampsPublishedRanking(int starvationIterations = 100) : IRankingPolicy
{
    public string Name => "lamps-published";

    public int Tier(in RankView request) =>
        request.IsResident ? 0 : request.RanAt is not null && request.PassedOver >= starvationIterations ? 1 : 2;

    public double Score(in RankView request, DeviceProfile device)
    {
        var tokens = request.TokensLeft;
        var area = MemoryTime.BeforePause(device, request.ContextTokens, 0, tokens);
        var forecast = request.Forecast;
        if (forecast.PauseProbability < 0.5)
            return area;
        var context = request.ContextTokens + tokens.Mean;
        var action = LampsPublishedPause.Planned(device, context, forecast.ToolSeconds.Mean, 0);
        return area + MemoryTime.DuringPause(device, action, context, forecast.ToolSeconds.Mean)
                    + MemoryTime.AfterPause(device, context, forecast.ReturnTokens, forecast.TokensOfNext);
    }

    public string Explain(in RankView request, DeviceProfile device) => $"{Score(request, device):F1} token-seconds expected until after the next call";
}
