using System.Globalization;

namespace Pharos.Bench.Scheduling.Predict;

/// <summary>Pairs of predicted and true values by quantity: mean absolute error, bias, and whether the order is right (Spearman).</summary>
internal sealed class ErrorTable
{
    private readonly Dictionary<string, List<(double Predicted, double Truth)>> pairs = [];

    public void Add(string quantity, double predicted, double truth)
    {
        if (!pairs.TryGetValue(quantity, out var list))
            pairs.Add(quantity, list = []);
        list.Add((predicted, truth));
    }

    public void Write(TextWriter output)
    {
        output.WriteLine($"{"quantity",-40} {"n",8} {"mean",10} {"MAE",10} {"bias",10} {"rank corr",10}");
        foreach (var (quantity, list) in pairs)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{quantity,-40} {list.Count,8} {list.Average(pair => pair.Truth),10:G4} {list.Average(pair => Math.Abs(pair.Predicted - pair.Truth)),10:G4} {list.Average(pair => pair.Predicted - pair.Truth),10:G4} {RankCorrelation(list),10:F3}"));
        }
    }

    /// <summary>Spearman's, with mean ranks for ties; 0 where one side is constant.</summary>
    internal static double RankCorrelation(IReadOnlyList<(double Predicted, double Truth)> list)
    {
        var x = Ranks([.. list.Select(pair => pair.Predicted)]);
        var y = Ranks([.. list.Select(pair => pair.Truth)]);
        double mean = (list.Count - 1) / 2.0, xy = 0, xx = 0, yy = 0;
        for (var i = 0; i < list.Count; i++)
        {
            xy += (x[i] - mean) * (y[i] - mean);
            xx += (x[i] - mean) * (x[i] - mean);
            yy += (y[i] - mean) * (y[i] - mean);
        }

        return xx * yy <= 0 ? 0 : xy / Math.Sqrt(xx * yy);
    }

    private static double[] Ranks(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).ToArray();
        Array.Sort([.. values], order);
        var ranks = new double[values.Length];
        for (var i = 0; i < order.Length;)
        {
            var end = i;
            while (end < order.Length && values[order[end]] == values[order[i]])
                end++;
            for (var j = i; j < end; j++)
                ranks[order[j]] = (i + end - 1) / 2.0;
            i = end;
        }

        return ranks;
    }
}
