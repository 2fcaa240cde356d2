using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Shortest job first with an end to waiting (SSJF, arXiv 2404.08509): by the predicted output of the request, not preemptive; who has waited
/// for more than 100 s, or ten times as long as it will take, goes before all others, first come, first served.
/// </summary>
public sealed class SsjfRanking : IRankingPolicy
{
    private const double MostWaitSeconds = 100;
    private const double MostWaitToService = 10;
    private const double Front = -1e12; // an age in front of every count of tokens

    public string Name => "ssjf";

    public double Score(in RankView request, DeviceProfile device) =>
        HasWaitedLong(request, device) ? Front + request.ArrivalAt : Tokens(request);

    public string Explain(in RankView request, DeviceProfile device) => HasWaitedLong(request, device)
        ? $"{Tokens(request):F0} tokens to generate expected, but it has waited long: first come, first served"
        : $"{Tokens(request):F0} tokens to generate expected";

    private static bool HasWaitedLong(in RankView request, DeviceProfile device) =>
        request.Now - request.QueuedAt > Math.Min(MostWaitSeconds, MostWaitToService * device.DecodeSeconds * Tokens(request));

    private static double Tokens(in RankView request) => request.Forecast.RequestTokensLeft(0);
}
