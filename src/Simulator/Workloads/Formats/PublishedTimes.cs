namespace Pharos.Simulator.Workloads.Formats;

/// <summary>Times for traces that have none, drawn from published quantiles; the same for the same row.</summary>
internal static class PublishedTimes
{
    public const string Source =
        "tools are given times from TraceLab's published quantiles (median 0.3 s, P90 13.6 s), users those of INFERCEPT's chatbot (median 23.9 s)";

    private static readonly double[] Shares = [0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];
    private static readonly double[] Tools = [0.01, 0.03, 0.04, 0.1, 0.3, 2, 13.6, 60, 235, 600];
    private static readonly double[] Humans = [3.09, 6.9, 9.26, 15.1, 23.9, 45.6, 60, 60, 60, 60];

    public static double Tool(int row) => Draw(Tools, row);

    public static double Human(int row) => Draw(Humans, row);

    private static double Draw(double[] quantiles, int row) => QuantileTable.At(Shares, quantiles, new Random(row).NextDouble());
}
