namespace Pharos.Simulator.Workloads;

/// <summary>A session and when it comes, seconds from the start.</summary>
public readonly record struct Arrival(double At, Session Session);

public static class Arrivals
{
    /// <summary>
    /// A Poisson stream of <paramref name="rate"/> sessions a second for <paramref name="seconds"/>. The same seed gives the same stream, so
    /// that every policy meets the same requests at the same times.
    /// </summary>
    public static IReadOnlyList<Arrival> Poisson(IWorkload workload, double rate, double seconds, int seed)
    {
        if (!(rate > 0 && double.IsFinite(rate)))
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "Expected a rate above 0, in sessions a second.");
        if (!(seconds > 0 && double.IsFinite(seconds)))
            throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "Expected a window above 0 seconds.");
        var dice = new Random(seed);
        var arrivals = new List<Arrival>((int)Math.Min(1 << 20, rate * seconds * 1.1));
        for (var at = 0.0; ;)
        {
            at -= Math.Log(1 - dice.NextDouble()) / rate;
            if (at >= seconds)
                return arrivals;
            arrivals.Add(new Arrival(at, workload.Draw(dice)));
        }
    }
}
