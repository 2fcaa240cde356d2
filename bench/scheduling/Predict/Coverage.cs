using System.Globalization;
using Pharos.Scheduling.Prediction;

namespace Pharos.Bench.Scheduling.Predict;

internal static class Coverage
{
    private static readonly double[] Quantiles = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

    /// <summary>One line: how many outcomes lay below each predicted quantile.</summary>
    public static void Write(string quantity, Calibration calibration, TextWriter output) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"below the predicted quantile, {quantity} (n {calibration.Count}): {string.Join("  ", Quantiles.Select(q => string.Create(CultureInfo.InvariantCulture, $"{q:0.##}: {calibration.Coverage(q):F3}")))}"));
}
