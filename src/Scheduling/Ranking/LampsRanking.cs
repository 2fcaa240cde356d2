using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Ranks by the memory a request is expected to hold over time (LAMPS, arXiv 2410.18248, in its continuous form): the area before the
/// next tool call, what the cheapest handling of the call holds, and the area of the segment after it; the rest is ranked anew at the return. Requests passed over too often go before all
/// others until they pause or end, in the same order among themselves: in overload that is everybody, and by age it would be the order of arrival.
/// </summary>
/// <param name="starvationIterations">How often is too often (100 in the paper).</param>
public sealed class LampsRanking(int starvationIterations = 100) : IRankingPolicy
{
    public string Name => "lamps";

    public int StarvationTier => 1;

    public int Tier(in RankView request) => request.IsResident ? 0 : request.PassedOver >= starvationIterations ? 1 : 2;

    public double Score(in RankView request, DeviceProfile device) => Area(request, device);

    private static double Area(in RankView request, DeviceProfile device)
    {
        var toPause = request.TokensLeft;
        var area = MemoryTime.BeforePause(device, request.ContextTokens, request.CachedTokens, toPause);
        var forecast = request.Forecast;
        if (forecast.PauseProbability <= 0)
            return area;
        var context = request.ContextTokens + toPause.Mean;
        var pause = MemoryTime.DuringPause(device, PlannedPause(request, device), context, forecast.ToolSeconds.Mean);
        return area + forecast.PauseProbability * (pause + MemoryTime.AfterPause(device, context, forecast.ReturnTokens, forecast.TokensOfNext));
    }

    public string Explain(in RankView request, DeviceProfile device)
    {
        var starves = request.PassedOver >= starvationIterations ? $"; passed over {request.PassedOver} times, it goes first until it pauses or ends" : "";
        var score = Area(request, device);
        var pause = request.Forecast is { PauseProbability: > 0.5, Tool: { } tool } ? $", {PlannedPause(request, device)} during {tool}" : "";
        return $"{score:F1} token-seconds expected: {request.ContextTokens} tokens of context, {request.TokensLeft.Mean:F0} to generate{pause}{starves}";
    }

    private static PauseAction PlannedPause(in RankView request, DeviceProfile device)
    {
        var context = request.ContextTokens + request.TokensLeft.Mean;
        return LeastWastePause.Cheapest(MemoryTime.Waste(device, context, 0, request.Forecast.ToolSeconds.Mean), swapPossible: true);
    }
}
