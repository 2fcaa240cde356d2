using System.Globalization;
using Pharos.Simulator;
using Pharos.Simulator.Reports;

namespace Pharos.Cli;

/// <summary>What a run leaves in files: CSV, a Markdown table, and plots.</summary>
internal sealed class SimulationOutputs(string? csv, string? markdown, string? plots)
{
    private const int TimelineSamples = 400;
    private readonly List<SimulationLine> lines = [];
    private readonly List<(string Name, string Svg)> timelines = [];

    /// <summary>Watches the first worker's memory where plots are wanted.</summary>
    public MemoryTimeline? Timeline(double seconds) => plots is null ? null : new MemoryTimeline(seconds / TimelineSamples);

    public void Add(SimulationLine line, MemoryTimeline? timeline, int kvTokens)
    {
        lines.Add(line);
        if (timeline is not null)
            timelines.Add((Invariant($"memory-{line.Policy}-{line.Rate}"), timeline.Chart(Invariant($"{line.Policy}, {line.Workload} at {line.Rate} sessions/s"), kvTokens)));
    }

    public void Write()
    {
        if (csv is not null)
            File.WriteAllLines(csv, [string.Join(',', Columns.Select(column => column.Name)), .. lines.Select(line => string.Join(',', Columns.Select(column => column.Value(line))))]);
        if (markdown is not null)
        {
            File.WriteAllLines(markdown,
            [
                "| " + string.Join(" | ", Columns.Select(column => column.Name)) + " |",
                string.Concat(Columns.Select(_ => "|---")) + "|",
                .. lines.Select(line => "| " + string.Join(" | ", Columns.Select(column => column.Value(line))) + " |"),
            ]);
        }

        if (plots is not null)
            Plot(plots);
    }

    private void Plot(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, svg) in timelines)
            File.WriteAllText(Path.Combine(folder, name + ".svg"), svg);
        var title = lines.Count > 0 ? lines[0].Workload : "";
        Save("latency", "mean latency, s", line => line.E2e.Mean);
        Save("wait", "mean wait, s", line => line.Wait.Mean);
        Save("wait-p99", "P99 wait, s", line => line.Wait.P99);
        File.WriteAllText(Path.Combine(folder, "frontier.svg"), Charts.Frontier(
            title, "mean wait, s", "P99 wait, s", Series(line => new SeriesPoint(line.Wait.Mean, line.Wait.P99))));

        void Save(string name, string axis, Func<SimulationLine, double> value) => File.WriteAllText(
            Path.Combine(folder, name + ".svg"), Charts.Lines(title, "sessions a second", axis, Series(line => new SeriesPoint(line.Rate, value(line)))));
    }

    private List<Series> Series(Func<SimulationLine, SeriesPoint> point) =>
        [.. lines.GroupBy(line => line.Policy).Select(group => new Series(group.Key, [.. group.Select(point)]))];

    private static (string Name, Func<SimulationLine, string> Value)[] Columns { get; } =
    [
        ("policy", line => line.Policy), ("workload", line => line.Workload), ("rate", line => Invariant($"{line.Rate}")), ("seed", line => Invariant($"{line.Seed}")),
        ("requests", line => Invariant($"{line.Requests}")), ("finishedInWindow", line => Invariant($"{line.FinishedInWindow}")),
        .. Times("e2e", line => line.E2e), .. Times("wait", line => line.Wait), .. Times("ttft", line => line.Ttft),
        ("rho", line => Invariant($"{line.Rho:0.####}")), ("recomputedShare", line => Invariant($"{line.RecomputedShare:0.####}")),
        ("idleShare", line => Invariant($"{line.IdleShare:0.####}")), ("preemptions", line => Invariant($"{line.Preemptions}")),
        ("starvationViolations", line => Invariant($"{line.StarvationViolations}")),
    ];

    private static (string, Func<SimulationLine, string>)[] Times(string name, Func<SimulationLine, Distribution> of) =>
    [
        (name + "Mean", line => Invariant($"{of(line).Mean:0.###}")), (name + "P50", line => Invariant($"{of(line).P50:0.###}")),
        (name + "P99", line => Invariant($"{of(line).P99:0.###}")), (name + "P999", line => Invariant($"{of(line).P999:0.###}")),
    ];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
