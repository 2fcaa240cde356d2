using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// The order of <see cref="PharosRanking"/> with a tail: small requests by memory-time; large new ones wait, first come first served, behind them;
/// everything once started goes by memory-time. Large are the biggest requests that together hold a share of the work; the share grows as
/// the oldest of them ages: then fewer go before it.
/// </summary>
/// <param name="leastShare">Share of the work that is large while no large request waits.</param>
/// <param name="mostShare">The same when the oldest has waited for <paramref name="delaySeconds"/>.</param>
/// <param name="delaySeconds">D, in seconds.</param>
public sealed class PharosBoundedRanking(double leastShare = 0.25, double mostShare = 0.5, double delaySeconds = 1400) : IRankingPolicy, IObservingPolicy
{
    private const int IterationsBetweenCuts = 10;
    private readonly PharosRanking sizes = new();
    private readonly SizeHistory history = new();
    private readonly Dictionary<string, double> fresh = new(StringComparer.Ordinal); // sizes of those that never ran
    private readonly Queue<(string Request, double ArrivedAt)> oldest = new();
    private double cut = double.PositiveInfinity;
    private int iterations;

    public string Name => "pharos-bounded";

    public int Tier(in RankView request) =>
        request.IsResident ? 0 : request.RanAt is null && fresh.TryGetValue(request.Request, out var size) && size >= cut ? 2 : 1;

    public double Score(in RankView request, DeviceProfile device) => Tier(request) == 2 ? request.ArrivalAt : sizes.Score(request, device);

    public string Explain(in RankView request, DeviceProfile device) =>
        Tier(request) == 2 ? "large and not started: in order of arrival, behind the small ones" : sizes.Explain(request, device);

    public void Arrived(in RankView request, DeviceProfile device)
    {
        var size = sizes.Score(request, device);
        history.Add(size);
        fresh[request.Request] = size;
        oldest.Enqueue((request.Request, request.Now));
    }

    public void Started(in RankView request) => fresh.Remove(request.Request);

    public void Ended(in RankView request) => fresh.Remove(request.Request);

    public void Iterated(in IterationView iteration)
    {
        if (++iterations % IterationsBetweenCuts != 0)
            return;
        while (oldest.TryPeek(out var gone) && !fresh.ContainsKey(gone.Request))
            oldest.Dequeue();
        var age = 0.0;
        foreach (var (request, arrivedAt) in oldest)
        {
            if (!fresh.TryGetValue(request, out var size) || size < cut)
                continue;
            age = iteration.Now - arrivedAt;
            break;
        }

        cut = history.Cut(Math.Min(mostShare, leastShare + (mostShare - leastShare) * age / delaySeconds));
    }
}
