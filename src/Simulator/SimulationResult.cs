using Pharos.Scheduling.Batching;

namespace Pharos.Simulator;

/// <summary>What a run measured. Every request counts, at its true time, however long after the window it ended.</summary>
/// <param name="Seconds">Virtual time until the last request was done.</param>
/// <param name="Migrations">Requests that went on on another worker than the one that had their cache.</param>
/// <param name="BusySeconds">Of the window, with an iteration on the device; the mean over workers.</param>
/// <param name="IdleShare">Device memory held by caches that wait for a tool, as a share of capacity x time.</param>
/// <param name="StalledSeconds">Iterations waited for block copies.</param>
public sealed record SimulationResult(
    IReadOnlyList<SimulatedRequest> Requests, double Window, double Seconds, long ComputedTokens, long RecomputedTokens, long Preemptions, int Migrations,
    double BusySeconds, double IdleShare, double StalledSeconds)
{
    /// <summary>How often the policy broke a promise that it had given.</summary>
    public long StarvationViolations { get; init; }

    /// <summary>Requests to whom it was given, all their time, and kept.</summary>
    public long PromisesKept { get; init; }

    /// <summary>What <see cref="Attainment"/> is measured by.</summary>
    public ServiceObjective Objective { get; init; } = ServiceObjective.Chat;

    /// <summary>Share of the requests that met the objective: their own time to the first token and 99th percentile of gaps.</summary>
    public double Attainment => Requests.Count == 0 ? 1 : (double)Requests.Count(request => request.Meets(Objective)) / Requests.Count;

    /// <summary>Arrival to last token, tools included.</summary>
    public Distribution EndToEnd => Distribution.Of(Requests.Select(request => request.FinishedAt!.Value - request.ArrivedAt));

    /// <summary>The same without the time its tools took.</summary>
    public Distribution Wait => Distribution.Of(Requests.Select(request => request.FinishedAt!.Value - request.ArrivedAt - request.Session.ToolSeconds));

    /// <summary>Arrival to the first token of the first segment.</summary>
    public Distribution TimeToFirstToken => Distribution.Of(Requests.Select(request => request.FirstTokenAt!.Value - request.ArrivedAt));

    public int FinishedInWindow => Requests.Count(request => request.FinishedAt <= Window);

    /// <summary>Share of the window in which a device computes.</summary>
    public double Utilisation => BusySeconds / Window;

    /// <summary>Tokens computed again, as a share of all that were computed.</summary>
    public double RecomputedShare => ComputedTokens == 0 ? 0 : (double)RecomputedTokens / ComputedTokens;
}

/// <summary>Mean and quantiles (nearest rank) of a set of seconds; 0 where there are none.</summary>
public readonly record struct Distribution(double Mean, double P50, double P99, double P999)
{
    public static Distribution Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values];
        if (sorted.Length == 0)
            return default;
        Array.Sort(sorted);
        return new Distribution(sorted.Average(), Rank(0.5), Rank(0.99), Rank(0.999));

        double Rank(double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }
}
