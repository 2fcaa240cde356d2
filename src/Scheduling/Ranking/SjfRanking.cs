using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Shortest job first by predicted output, whatever memory it holds and however long its tools take (SSJF, arXiv 2404.08509, given a
/// prediction): the tokens of the segment and of all that follow. Not preemptive, so what was generated of the segment does not count.
/// </summary>
public sealed class SjfRanking : IRankingPolicy
{
    public string Name => "sjf";

    public double Score(in RankView request, DeviceProfile device) => Tokens(request);

    public string Explain(in RankView request, DeviceProfile device) => $"{Tokens(request):F0} tokens to generate expected";

    private static double Tokens(in RankView request) =>
        request.Forecast.TokensToPause.Mean + request.Forecast.PauseProbability * request.Forecast.TokensAfter.Mean;
}
