using System.Globalization;

namespace Pharos.Simulator.Reports;

/// <summary>One direction of a plot: its name with the unit, its range, and whether it counts in decades.</summary>
public sealed record Axis(string Name, double Low, double High, bool IsLogarithmic = false)
{
    /// <summary>An axis from 0 that holds all values.</summary>
    public static Axis Linear(string name, IEnumerable<double> values)
    {
        var high = values.DefaultIfEmpty(1).Max();
        var step = Step(high);
        return new Axis(name, 0, high > 0 ? Math.Ceiling(high / step) * step : 1);
    }

    /// <summary>An axis of whole decades that holds all values above 0.</summary>
    public static Axis Decades(string name, IEnumerable<double> values)
    {
        var positive = values.Where(value => value > 0).DefaultIfEmpty(1).ToList();
        var low = Math.Pow(10, Math.Floor(Math.Log10(positive.Min())));
        return new Axis(name, low, Math.Max(10 * low, Math.Pow(10, Math.Ceiling(Math.Log10(positive.Max())))), IsLogarithmic: true);
    }

    /// <summary>0 at the low end, 1 at the high end.</summary>
    public double Place(double value) => IsLogarithmic
        ? Math.Log(Math.Max(value, Low) / Low) / Math.Log(High / Low)
        : (value - Low) / (High - Low);

    public IEnumerable<double> Ticks()
    {
        if (IsLogarithmic)
        {
            for (var tick = Low; tick <= High * 1.001; tick *= 10)
                yield return tick;
            yield break;
        }

        var step = Step(High - Low);
        for (var i = 0; Low + i * step <= High + step / 1e6; i++)
            yield return Low + i * step;
    }

    public static string Label(double tick) => tick.ToString("0.####", CultureInfo.InvariantCulture);

    // 1, 2 or 5 times a power of ten: five to ten ticks.
    private static double Step(double range)
    {
        if (range <= 0)
            return 1;
        var power = Math.Pow(10, Math.Floor(Math.Log10(range)));
        var lead = range / power;
        return lead < 2 ? power / 5 : lead < 5 ? power / 2 : power;
    }
}
