using System.Globalization;

namespace Pharos.DemoTools;

/// <summary>How long the demo tools take: a distribution, so that pauses can be studied without a slow service.</summary>
public sealed class ToolLatency
{
    private const double MaxSeconds = 3600;

    private readonly Func<Random, double> seconds;

    private ToolLatency(Func<Random, double> seconds) => this.seconds = seconds;

    /// <summary><c>none</c>, <c>fixed:SECONDS</c>, <c>exponential:MEAN</c> or <c>lognormal:MEDIAN,SIGMA</c>.</summary>
    /// <exception cref="FormatException">It is none of these; the message says what was expected.</exception>
    public static ToolLatency Parse(string text)
    {
        var parts = text.Trim().Split(':', 2);
        var numbers = parts.Length == 1 ? [] : Array.ConvertAll(parts[1].Split(','), Number);
        return (parts[0].ToLowerInvariant(), numbers) switch
        {
            ("none", []) => new(_ => 0),
            ("fixed", [var s]) when InRange(s) => new(_ => s),
            ("exponential", [var mean]) when InRange(mean) => new(random => -mean * Math.Log(1 - random.NextDouble())),
            ("lognormal", [var median, var sigma]) when InRange(median) && sigma is >= 0 and <= 5 =>
                new(random => median * Math.Exp(sigma * Normal(random))),
            _ => throw new FormatException("Pharos:DemoTools:Latency must be 'none', 'fixed:SECONDS', 'exponential:MEAN' or 'lognormal:MEDIAN,SIGMA', "
                + $"with seconds between 0 and {MaxSeconds} and sigma between 0 and 5; it is '{text}'."),
        };
    }

    /// <summary>Not safe for concurrent use of one <paramref name="random"/>.</summary>
    public TimeSpan Sample(Random random) => TimeSpan.FromSeconds(Math.Min(seconds(random), MaxSeconds));

    private static bool InRange(double value) => value is >= 0 and <= MaxSeconds;

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : double.NaN;

    /// <summary>Box and Muller.</summary>
    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
