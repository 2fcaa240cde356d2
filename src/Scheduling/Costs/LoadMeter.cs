namespace Pharos.Scheduling.Costs;

/// <summary>
/// Load of a device: work that arrives a second, in seconds of the device at full batches, and the tokens that are computed again for want of
/// memory. Without these it is additive over requests, so it is the same under every policy, and above 1 the backlog grows whatever the order. Not the share of
/// time the device is busy, which is 1 long before that.
/// </summary>
/// <remarks>Arrivals are few and their sizes differ, so the estimate carries its own uncertainty: that of a compound Poisson process, sqrt(sum of squares).</remarks>
/// <param name="memorySeconds">Arrivals fade with this time constant.</param>
public sealed class LoadMeter(double memorySeconds = 300)
{
    private const double LeastSeconds = 10; // the first arrivals are no rate yet
    private double tokens, resident, squares, computed, recomputed, fadedAt, startedAt = double.NaN;

    public void Add(in RemainingWork work, DeviceProfile device, int capacityTokens, double now)
    {
        if (double.IsNaN(startedAt))
            startedAt = fadedAt = now;
        Fade(now);
        tokens += work.Tokens;
        resident += work.MemoryTime / device.DecodeSeconds;
        var seconds = work.DeviceSeconds(device, capacityTokens);
        squares += seconds * seconds;
    }

    /// <summary>What the device computed: caches that were lost cost it a second time.</summary>
    public void Computed(long tokens, long again, double now)
    {
        if (double.IsNaN(startedAt))
            return;
        Fade(now);
        computed += tokens;
        recomputed += again;
    }

    /// <summary>rho, with the cost model as it is fitted now.</summary>
    public LoadEstimate Load(DeviceProfile device, int capacityTokens, double now)
    {
        if (double.IsNaN(startedAt))
            return default;
        Fade(now);
        var seconds = Math.Max(LeastSeconds, memorySeconds * (1 - Math.Exp((startedAt - now) / memorySeconds)));
        // What is lost is prefilled again: tokens beside the decodes of others, whose memory is what most of the time goes into.
        var useful = computed <= 0 ? 1 : Math.Max(0.1, 1 - recomputed / computed);
        var all = tokens / useful;
        var work = device.SecondsPerToken * all + device.SecondsPerContextToken * resident
                 + device.ConstantSeconds * Math.Max(resident / capacityTokens, all / device.TokensPerIteration);
        return new LoadEstimate(work / seconds, Math.Sqrt(squares) / seconds);
    }

    // An iteration is told when it is over, with the time when it was planned: what came meanwhile has moved the clock on already.
    private void Fade(double now)
    {
        if (now <= fadedAt)
            return;
        var left = Math.Exp((fadedAt - now) / memorySeconds);
        tokens *= left;
        resident *= left;
        squares *= left * left;
        computed *= left;
        recomputed *= left;
        fadedAt = now;
    }
}

/// <param name="Mean">rho.</param>
/// <param name="Deviation">Its standard deviation, by the number and the sizes of the requests it was measured from.</param>
public readonly record struct LoadEstimate(double Mean, double Deviation);
