using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Ranks by the memory that the whole remaining request is expected to hold over time, all later segments included, and by the work that is
/// left: score = memory-time + 10 * (tokens to generate + 0.2 * context missing on the device), in token-seconds. LAMPS (arXiv 2410.18248) prices
/// the next call only, so a request with many segments to come looks small at each of them.
/// </summary>
/// <param name="missingWeight">What a token of missing context counts, in tokens to generate.</param>
/// <param name="wholeRequest">Off: the coming segment alone.</param>
/// <param name="workSeconds">What a token of work counts beside memory-time, in token-seconds.</param>
public sealed class PharosRanking(double missingWeight = 0.2, bool wholeRequest = true, double workSeconds = 10) : IRankingPolicy
{
    public string Name => "pharos";

    public double Score(in RankView request, DeviceProfile device)
    {
        var work = RemainingWork.Of(request, device, wholeRequest);
        return work.MemoryTime + workSeconds * (work.NewTokens + missingWeight * request.MissingTokens);
    }

    public string Explain(in RankView request, DeviceProfile device) =>
        $"{Score(request, device):F0} token-seconds of memory and work left in the whole request: {request.ContextTokens} tokens of context, {request.MissingTokens} of them missing";
}
