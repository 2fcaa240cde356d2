using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Pharos.Grains.Metrics;

/// <summary>
/// The meter that all of Pharos' instruments are on. Names are written with dots; on <c>/metrics</c> <c>vllm.x</c> is <c>vllm:x</c> and <c>pharos.x</c> is
/// <c>pharos_x</c>, since OpenTelemetry allows no colon.
/// </summary>
public static class PharosMeter
{
    public const string Name = "Pharos";

    internal static Meter Shared { get; } = new(Name);

    /// <summary>Makes the instruments that grains and devices of this process will use, so that they are shown from the start.</summary>
    public static void Open()
    {
        foreach (var holder in (Type[])[typeof(PauseMetrics), typeof(PoolMetrics), typeof(DeviceMetrics), typeof(Moving.MigrationMetrics)])
            RuntimeHelpers.RunClassConstructor(holder.TypeHandle);
    }

    public static Histogram<double> CreateHistogram(this Meter meter, string name, string description, params double[] buckets) => meter.CreateHistogram(
        name, unit: null, description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

    internal static double[] SecondBuckets { get; } = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
}
