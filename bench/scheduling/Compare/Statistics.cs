using System.Globalization;

namespace Pharos.Bench.Scheduling.Compare;

/// <summary>A mean over seeds with half of its 95 % interval (Student's t).</summary>
internal readonly record struct Mean(double Value, double Margin, int Count)
{
    // Two-sided 95 % for 1, 2, ... degrees of freedom.
    private static readonly double[] Student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

    /// <summary>Where only one seed is there nothing is known of the margin, and it is 0.</summary>
    public static Mean Of(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            return default;
        var mean = values.Average();
        if (values.Count == 1)
            return new Mean(mean, 0, 1);
        var deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        var t = values.Count - 2 < Student.Length ? Student[values.Count - 2] : 1.96;
        return new Mean(mean, t * deviation / Math.Sqrt(values.Count), values.Count);
    }

    public override string ToString() => Count switch
    {
        0 => "-",
        1 => Short(Value),
        _ => $"{Short(Value)} ± {Short(Margin)}",
    };

    /// <summary>Three digits that matter.</summary>
    public static string Short(double value) => value.ToString(
        Math.Abs(value) >= 100 ? "F0" : Math.Abs(value) >= 10 ? "F1" : "F2", CultureInfo.InvariantCulture);
}
