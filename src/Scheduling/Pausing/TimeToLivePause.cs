using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Pausing;

/// <summary>
/// Keeps a cache for a while and no longer (Continuum, arXiv 2511.02230): for tau = argmax P(T &lt;= tau) * (Q * eta + reload) - tau, where T is the
/// tool's duration, Q the wait of requests that came back without their cache, and reload the time to compute the context again. Until then nobody gets
/// its memory, except a sequence that runs; past it the cache is discarded.
/// </summary>
/// <remarks>P is taken as straight lines between the known quantiles of the tool, so the maximum lies at one of them.</remarks>
/// <param name="eta">What a second of waiting in the queue counts.</param>
public sealed class TimeToLivePause(double eta = 1) : IRevisingPausePolicy
{
    public string Name => "ttl";

    public PauseDecision Decide(in PauseView pause)
    {
        var seconds = Seconds(pause);
        return new PauseDecision(
            seconds > 0 ? PauseAction.Preserve : PauseAction.Discard,
            MemoryTime.Waste(pause.Device, pause.ContextTokens, pause.OtherTokens, pause.Tool.Seconds.Mean),
            seconds > 0 ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{seconds:F2} s") : "return",
            pause.Now + seconds);
    }

    public PauseReview Review(in CacheView cache) =>
        new(0, cache.Now >= cache.KeptUntil ? PauseAction.Discard : PauseAction.Preserve);

    public double EvictionRank(in CacheView cache) => cache.Urgent ? cache.KeptUntil : double.NegativeInfinity;

    public bool EvictsToHost => false;

    /// <summary>tau, in seconds; 0: it is not worth keeping.</summary>
    private double Seconds(in PauseView pause)
    {
        var gain = pause.ReturnWaitSeconds * eta + pause.Device.PrefillSeconds(pause.ContextTokens);
        var (best, most) = (0.0, 0.0);
        foreach (var (share, tau) in ((double, double)[])[(0.5, pause.Tool.P50), (0.9, pause.Tool.P90), (0.99, pause.Tool.P99)])
        {
            if (share * gain - tau > most)
                (best, most) = (tau, share * gain - tau);
        }

        return best;
    }
}
