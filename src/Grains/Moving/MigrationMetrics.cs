using System.Diagnostics.Metrics;
using Pharos.Scheduling.Migration;

namespace Pharos.Grains.Moving;

/// <summary>Counts migrations where they arrive, on the meter <c>Pharos</c>.</summary>
internal static class MigrationMetrics
{
    private static readonly Meter Meter = new("Pharos");
    private static readonly Counter<long> Migrations = Meter.CreateCounter<long>("pharos.migrations", description: "Sequences that moved to another worker, or did not.");
    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("pharos.migration_seconds", "s", "From the order to the end of a migration.");

    /// <param name="outcome"><c>done</c>, <c>aborted</c> (it stays where it was) or <c>lost</c> (it is computed anew).</param>
    public static void Ended(MigrationReason reason, string outcome, TimeSpan took)
    {
        Migrations.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString().ToLowerInvariant()), new KeyValuePair<string, object?>("outcome", outcome));
        if (outcome == "done")
            Seconds.Record(took.TotalSeconds);
    }
}
