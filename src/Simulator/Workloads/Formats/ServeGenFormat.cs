using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>
/// Clients by rate and burstiness in windows of ten minutes, and by quantiles of their lengths (ServeGen), in two files side by side:
/// <c>..._rates</c> and <c>..._lengths</c>; either may be named. Gaps are drawn from a Gamma distribution of the window's variation also where
/// the data fit a Weibull.
/// </summary>
internal sealed class ServeGenFormat : ITraceFormat
{
    private static readonly double[] Shares = [0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];
    private static readonly string[] Values = ["min", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "max"];

    public string Name => "clients by rate and lengths";

    public ImmutableArray<string> Columns { get; } = ["model", "client", "window_start_s"];

    public IWorkload Read(TraceTable table)
    {
        var isRates = table.Has("rate_req_per_s");
        if (!isRates && !table.Has("field"))
            throw new FormatException($"{table.File}, line 1: expected a column rate_req_per_s (rates) or field (lengths).");
        var other = Beside(table.Path, isRates ? "_rates" : "_lengths", isRates ? "_lengths" : "_rates");
        using var text = TraceReader.OpenText(other);
        var second = TraceTable.Open(text, other);
        return isRates ? new ClientWorkload(table.File, Rates(table), Lengths(second)) : new ClientWorkload(second.File, Rates(second), Lengths(table));
    }

    private static string Beside(string path, string mine, string other)
    {
        var (folder, name) = (Path.GetDirectoryName(path) ?? "", Path.GetFileName(path));
        var beside = Path.Combine(folder, name.Replace(mine, other, StringComparison.Ordinal));
        return beside != path && File.Exists(beside)
            ? beside
            : throw new FormatException($"{name} tells only half of the workload; expected the other half in a file whose name has '{other}' in place of '{mine}' beside it.");
    }

    private static List<ClientWindow> Rates(TraceTable table) =>
    [
        .. table.Rows().Select(row => new ClientWindow(
            row.Text("client"), row.Seconds("window_start_s"), row.Number("rate_req_per_s", "a rate"), row.Number("cv"))),
    ];

    private static List<ClientLengths> Lengths(TraceTable table)
    {
        var lengths = new Dictionary<(string, double), ClientLengths>();
        foreach (var row in table.Rows())
        {
            var key = (row.Text("client"), row.Seconds("window_start_s"));
            if (!lengths.TryGetValue(key, out var one))
                lengths.Add(key, one = new ClientLengths(key.Item1, key.Item2));
            double[] quantiles = [.. Values.Select(name => row.Number(name, "tokens"))];
            switch (row.Text("field"))
            {
                case "input_tokens": one.Input = quantiles; break;
                case "output_tokens": one.Output = quantiles; break;
            }
        }

        return [.. lengths.Values.Where(one => one.Input.Length > 0 && one.Output.Length > 0)];
    }

    /// <summary>A client's rate (req/s) and coefficient of variation between its requests, from a time on for ten minutes.</summary>
    internal sealed record ClientWindow(string Client, double Start, double Rate, double Variation);

    /// <summary>Quantiles of tokens, at the shares of <see cref="Draw"/>.</summary>
    internal sealed record ClientLengths(string Client, double Start)
    {
        public double[] Input { get; set; } = [];

        public double[] Output { get; set; } = [];

        public Session Draw(Random dice) => new(
            "client " + Client, Math.Max(1, (int)QuantileTable.At(Shares, Input, dice.NextDouble())),
            [new Segment(Math.Max(1, (int)QuantileTable.At(Shares, Output, dice.NextDouble())), null, 0, 0)]);
    }
}
