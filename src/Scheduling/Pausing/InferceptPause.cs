using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Pausing;

/// <summary>
/// Least waste, taken anew in every iteration (INFERCEPT, arXiv 2402.01869, section 4): of the parked caches on the device, those that waste
/// most by the better of preserve and discard are swapped out, as much as the link moves during an iteration; of the others each is kept or
/// discarded, whichever wastes less. A tool is taken to last as long as it has run already, so a cache is kept at first.
/// </summary>
/// <param name="knowsDuration">The predicted duration in place of the elapsed time: the paper's oracle, where predictions are true.</param>
public sealed class InferceptPause(bool knowsDuration) : IRevisingPausePolicy
{
    public string Name => knowsDuration ? "infercept-predicted" : "infercept";

    public PauseDecision Decide(in PauseView pause) => new(
        PauseAction.Preserve,
        MemoryTime.Waste(pause.Device, pause.ContextTokens, pause.OtherTokens, knowsDuration ? pause.Tool.Seconds.Mean : 0),
        "pressure");

    public PauseReview Review(in CacheView cache)
    {
        if (cache.DeviceTokens < cache.ContextTokens)
            return new PauseReview(double.MaxValue, PauseAction.Preserve); // on its way to the host: the rest follows
        var toolSeconds = knowsDuration ? cache.Tool.Seconds.Mean : cache.Now - cache.ParkedAt;
        var prices = MemoryTime.Waste(cache.Device, cache.ContextTokens, cache.OtherTokens, toolSeconds);
        return new PauseReview(
            Math.Min(prices.Preserve, prices.Discard), prices.Discard < prices.Preserve ? PauseAction.Discard : PauseAction.Preserve);
    }
}
