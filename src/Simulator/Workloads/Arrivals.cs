using System.Globalization;

namespace Pharos.Simulator.Workloads;

/// <summary>A session and when it comes, seconds from the start.</summary>
public readonly record struct Arrival(double At, Session Session);

/// <summary>When sessions come. The same seed gives the same stream, so that every policy meets the same requests at the same times.</summary>
public static class Arrivals
{
    public const string Names = "poisson, gamma:CV, trace";

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="rate">Sessions a second; not used by <c>trace</c>, which comes as recorded.</param>
    /// <exception cref="ArgumentException">No such arrivals, or the workload has no times; the message says what there is.</exception>
    public static IReadOnlyList<Arrival> Of(string name, IWorkload workload, double rate, double seconds, int seed)
    {
        if (name == "poisson")
            return Poisson(workload, rate, seconds, seed);
        if (name.StartsWith("gamma:", StringComparison.Ordinal)
            && double.TryParse(name.AsSpan(6), NumberStyles.Float, CultureInfo.InvariantCulture, out var variation) && variation > 0 && double.IsFinite(variation))
            return Gamma(workload, rate, variation, seconds, seed);
        if (name != "trace")
            throw new ArgumentException($"Arrivals '{name}' are not known; there are: {Names} (CV: coefficient of variation above 0, 1 is Poisson).");
        if (workload is not ITimedWorkload timed)
            throw new ArgumentException($"Workload {workload.Name} has no arrival times; expected --arrivals poisson or gamma:CV.");
        CheckWindow(seconds);
        return timed.Recorded(seconds, new Random(seed));
    }

    /// <summary>A Poisson stream of <paramref name="rate"/> sessions a second for <paramref name="seconds"/>.</summary>
    public static IReadOnlyList<Arrival> Poisson(IWorkload workload, double rate, double seconds, int seed) =>
        Stream(workload, rate, seconds, seed, dice => -Math.Log(1 - dice.NextDouble()) / rate);

    /// <summary>Gaps drawn from a Gamma distribution: bursts where <paramref name="variation"/> is above 1.</summary>
    /// <param name="variation">Coefficient of variation of the gaps: 1 is Poisson.</param>
    public static IReadOnlyList<Arrival> Gamma(IWorkload workload, double rate, double variation, double seconds, int seed) =>
        Stream(workload, rate, seconds, seed, new GammaGaps(rate, variation).Next);

    private static List<Arrival> Stream(IWorkload workload, double rate, double seconds, int seed, Func<Random, double> gap)
    {
        if (!(rate > 0 && double.IsFinite(rate)))
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "Expected a rate above 0, in sessions a second.");
        CheckWindow(seconds);
        var dice = new Random(seed);
        var arrivals = new List<Arrival>((int)Math.Min(1 << 20, rate * seconds * 1.1));
        for (var at = 0.0; ;)
        {
            at += gap(dice);
            if (at >= seconds)
                return arrivals;
            arrivals.Add(new Arrival(at, workload.Draw(dice)));
        }
    }

    private static void CheckWindow(double seconds)
    {
        if (!(seconds > 0 && double.IsFinite(seconds)))
            throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "Expected a window above 0 seconds.");
    }
}
