namespace Pharos.Scheduling.Costs;

/// <summary>
/// Load of a device: work that arrives a second, in seconds of the device at full batches, times what is computed again for want of memory. The
/// first factor is additive over requests, so it is the same under every policy, and above 1 the backlog grows whatever the order. Not the share of
/// time the device is busy, which is 1 long before that.
/// </summary>
/// <param name="memorySeconds">Arrivals fade with this time constant.</param>
public sealed class LoadMeter(double memorySeconds = 300)
{
    private const double LeastSeconds = 60; // a few arrivals at the very start are no rate yet
    private double tokens, resident, computed, recomputed, fadedAt, startedAt = double.NaN;

    public void Add(in RemainingWork work, DeviceProfile device, double now)
    {
        if (double.IsNaN(startedAt))
            startedAt = fadedAt = now;
        Fade(now);
        tokens += work.Tokens;
        resident += work.MemoryTime / device.DecodeSeconds;
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
    public double Load(DeviceProfile device, int capacityTokens, double now)
    {
        if (double.IsNaN(startedAt))
            return 0;
        Fade(now);
        var seconds = Math.Max(LeastSeconds, memorySeconds * (1 - Math.Exp((startedAt - now) / memorySeconds)));
        var useful = computed <= 0 ? 1 : Math.Max(0.1, 1 - recomputed / computed);
        return (device.SecondsPerToken * tokens + device.SecondsPerContextToken * resident
              + device.ConstantSeconds * Math.Max(resident / capacityTokens, tokens / device.TokensPerIteration)) / (seconds * useful);
    }

    // An iteration is told when it is over, with the time when it was planned: what came meanwhile has moved the clock on already.
    private void Fade(double now)
    {
        if (now <= fadedAt)
            return;
        var left = Math.Exp((fadedAt - now) / memorySeconds);
        tokens *= left;
        resident *= left;
        computed *= left;
        recomputed *= left;
        fadedAt = now;
    }
}
