using System.Diagnostics.Metrics;
using Pharos.Scheduling.Fairness;

namespace Pharos.Grains.Metrics;

/// <summary>What a pool's scheduler does, measured where it lives.</summary>
internal static class PoolMetrics
{
    private static readonly Histogram<double> Cycle = PharosMeter.Shared.CreateHistogram(
        "pharos.scheduler_cycle_seconds", "Duration of a round of the pool's scheduler, in seconds.", 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25);

    private static readonly Histogram<double> Wait = PharosMeter.Shared.CreateHistogram(
        "pharos.queue_wait_seconds", "How long a request waited in the pool's queue for a turn, in seconds.", PharosMeter.SecondBuckets);

    private static readonly Counter<long> Promotions = PharosMeter.Shared.CreateCounter<long>(
        "pharos.starvation_promotions", description: "Turns that were given before others because the request had waited for too long.");

    private static readonly Counter<double> MemoryTime = PharosMeter.Shared.CreateCounter<double>(
        "pharos.kv_token_seconds", description: "KV memory that a tenant's requests held on devices over time, in token-seconds.");

    public static void Ran(double seconds) => Cycle.Record(seconds);

    public static void Placed(double waitSeconds, bool isPromoted)
    {
        Wait.Record(Math.Max(0, waitSeconds));
        if (isPromoted)
            Promotions.Add(1);
    }

    /// <summary>The same on a device: counts up from <paramref name="known"/>, and gives what is known then.</summary>
    public static long Promoted(long known, long now)
    {
        if (now > known)
            Promotions.Add(now - known);
        return now;
    }

    public static void Used(TenantUse use) => MemoryTime.Add(use.KvTokenSeconds, new KeyValuePair<string, object?>("tenant", use.Tenant));
}
