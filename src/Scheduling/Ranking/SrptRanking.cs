using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Shortest remaining processing time with limited preemption (TRAIL, arXiv 2410.01035): by the tokens still to come, thought over with every
/// token that is out; a running request gives way to a shorter one only while it is young, since later its cache is the dearer to lose.
/// </summary>
/// <param name="share">Of the predicted length, what may be generated before the place is safe (0.8 in the paper).</param>
public sealed class SrptRanking(double share = 0.8) : IPreemptivePolicy
{
    public string Name => "srpt";

    public PauseAction CacheOfDisplaced => PauseAction.Discard;

    public int Tier(in RankView request) => 0;

    public double Score(in RankView request, DeviceProfile device) => Left(request);

    public bool MayGiveWay(in RankView running) => running.GeneratedTokens < share * running.Forecast.TokensToPause.Mean;

    public string Explain(in RankView request, DeviceProfile device) => $"{Left(request):F0} tokens to generate left";

    private static double Left(in RankView request) => request.Forecast.RequestTokensLeft(request.GeneratedTokens);
}
