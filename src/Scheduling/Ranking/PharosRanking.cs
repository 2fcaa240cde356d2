using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Ranks by the memory that the whole remaining request is expected to hold over time, all later segments included, and by the work that is
/// left: score = memory-time + 10 * (tokens to generate + 0.2 * context missing on the device), in token-seconds. LAMPS (arXiv 2410.18248) prices
/// the next call only, so a request with many segments to come looks small at each of them.
/// </summary>
/// <param name="missingWeight">What a token of missing context counts, in tokens to generate.</param>
/// <param name="wholeRequest">Off: the coming segment and call alone.</param>
public sealed class PharosRanking(double missingWeight = 0.2, bool wholeRequest = true) : IRankingPolicy
{
    /// <summary>Seconds that a token of work counts beside memory-time.</summary>
    private const double WorkSeconds = 10;

    public string Name => "pharos";

    public double Score(in RankView request, DeviceProfile device)
    {
        var forecast = request.Forecast;
        var segment = request.TokensLeft;
        var area = MemoryTime.BeforePause(device, request.ContextTokens, request.DeviceTokens, segment);
        var tokens = segment.Mean;
        if (wholeRequest && forecast.PauseProbability > 0)
        {
            var context = request.ContextTokens + segment.Mean;
            tokens += forecast.PauseProbability * forecast.TokensAfter.Mean;
            area += forecast.PauseProbability * MemoryTime.AfterCall(device, context, forecast);
        }

        return area + WorkSeconds * (tokens + missingWeight * request.MissingTokens);
    }

    public string Explain(in RankView request, DeviceProfile device) =>
        $"{Score(request, device):F0} token-seconds of memory and work left in the whole request: {request.ContextTokens} tokens of context, {request.MissingTokens} of them missing";
}
