using System.Text;
using Pharos.Simulator.Reports;

namespace Pharos.Bench.Scheduling.Compare;

/// <summary>Writes the results that are there as one page with its plots beside it.</summary>
internal sealed class ResultsPage(Comparison results, string folder)
{
    private readonly StringBuilder page = new();

    public void Write(int missing)
    {
        Directory.CreateDirectory(folder);
        page.AppendLine("# Scheduling policies side by side").AppendLine();
        page.AppendLine(
            $"Simulated: GPT-J-6B on one A100, 52,000 tokens of KV on the device and 70,000 on the host, 20 GB/s each way; Poisson arrivals for {results.Size.Seconds:F0} s, then the run "
            + $"drains and every request counts; {results.Size.Seeds.Count} seeds, the same arrivals for every policy. Mean over seeds ± half of the 95 % interval. *Wait* is latency minus tool time, in "
            + "seconds. *Learned* predictions come from what the run itself has served before. Mixtures are generated from published statistics (docs/scheduling.md).").AppendLine();
        page.AppendLine("    dotnet run -c Release --project bench/scheduling -- compare").AppendLine();
        if (missing > 0)
            page.AppendLine($"{missing} cells were not run; what is missing is shown as `-`.").AppendLine();
        WriteClaims();
        foreach (var workload in (string[])["multi", "single"])
        {
            foreach (var prediction in (string[])["learned", "oracle"])
                WriteLoad(workload, prediction);
        }

        WriteTable("Ablation of pharos (mean wait, learned)", ["multi 6", "multi 8", "single 16"], ["pharos", .. Comparison.Variants],
            (policy, column) => results.Of(column.Split(' ')[0], policy, double.Parse(column.Split(' ')[1]), "learned", cell => cell.Wait.Mean));
        WriteTable("Other capacities and bandwidths (mean wait, multi, learned)", [.. ComparisonParts.Capacities.Select(one => $"{one.Name}, {one.Rate}/s")], Comparison.Policies,
            (policy, column) => ComparisonParts.Capacities.First(one => column.StartsWith(one.Name, StringComparison.Ordinal)) is var one
                ? results.Of("multi", policy, one.Rate, "learned", cell => cell.Wait.Mean, one.Machine) : default);
        WriteTable("Coding agents, contexts of 100,000 tokens, 480,000 KV tokens on the device and 1,000,000 on the host (mean wait, learned)", [.. ComparisonParts.CodingRates.Select(rate => $"{rate}")], Comparison.Policies,
            (policy, column) => results.Of("coding", policy, double.Parse(column), "learned", cell => cell.Wait.Mean, ComparisonParts.CodingMachine));
        WriteTable($"Eight workers (multi 48, {Comparison.MostSecondsOfMany:F0} s of arrivals, learned)", ["mean wait", "P99 wait", "mean TTFT"], Comparison.Policies,
            (policy, column) => results.Of("multi", policy, 48, "learned", cell => column switch
            {
                "mean wait" => cell.Wait.Mean,
                "P99 wait" => cell.Wait.P99,
                _ => cell.Ttft.Mean,
            }, ComparisonParts.EightWorkers));
        File.WriteAllText(Path.Combine(folder, "scheduling.md"), page.ToString());
    }

    private void WriteClaims()
    {
        page.AppendLine("## Claims").AppendLine().AppendLine("| claim | came | |").AppendLine("|---|---|---|");
        foreach (var claim in Claims.Of(results))
            page.AppendLine($"| {claim.Statement} | {claim.Came} | {claim.Holds switch { true => "holds", false => "**not reached**", _ => "not run" }} |");
        page.AppendLine();
    }

    private void WriteLoad(string workload, string prediction)
    {
        var rates = results.Size.Rates(workload);
        string[] columns = [.. rates.Select(rate => $"{rate}")];
        WriteTable($"{workload}, {prediction}: mean wait by sessions a second", columns, Comparison.Policies,
            (policy, rate) => results.Of(workload, policy, double.Parse(rate), prediction, cell => cell.Wait.Mean));
        WriteTable($"{workload}, {prediction}: P99 wait", columns, Comparison.Policies,
            (policy, rate) => results.Of(workload, policy, double.Parse(rate), prediction, cell => cell.Wait.P99));
        var lines = Comparison.Policies.Select(policy => new Series(policy,
        [
            .. rates.Select(rate => (rate, Wait: results.Of(workload, policy, rate, prediction, cell => cell.Wait.Mean)))
                .Where(point => point.Wait.Count > 0).Select(point => new SeriesPoint(point.rate, point.Wait.Value, point.Wait.Margin)),
        ])).Where(series => series.Points.Count > 0).ToList();
        if (lines.Count == 0)
            return;
        Plot($"wait-{workload}-{prediction}", Charts.Lines($"{workload}, {prediction} predictions", "sessions a second", "mean wait, s", lines));
        var frontier = Comparison.Policies.Select(policy => new Series(policy,
        [
            .. rates.TakeLast(3).Select(rate => (Mean: results.Of(workload, policy, rate, prediction, cell => cell.Wait.Mean), Tail: results.Of(workload, policy, rate, prediction, cell => cell.Wait.P99)))
                .Where(point => point.Mean.Count > 0).Select(point => new SeriesPoint(point.Mean.Value, point.Tail.Value)),
        ])).Where(series => series.Points.Count > 0).ToList();
        Plot($"frontier-{workload}-{prediction}", Charts.Frontier($"{workload}, {prediction}: the three highest rates", "mean wait, s", "P99 wait, s", frontier));
    }

    private void Plot(string name, string svg)
    {
        File.WriteAllText(Path.Combine(folder, $"{name}.svg"), svg);
        page.AppendLine($"![{name}]({name}.svg)").AppendLine();
    }

    // Rows and the table itself appear only where there is something to tell.
    private void WriteTable(string title, IReadOnlyList<string> columns, IReadOnlyList<string> policies, Func<string, string, Mean> value)
    {
        var rows = policies.Select(policy => (policy, Values: columns.Select(column => value(policy, column)).ToList())).Where(row => row.Values.Any(mean => mean.Count > 0)).ToList();
        if (rows.Count == 0)
            return;
        page.AppendLine($"## {title}").AppendLine();
        page.AppendLine($"| policy | {string.Join(" | ", columns)} |").AppendLine($"|---|{string.Concat(columns.Select(_ => "---|"))}");
        foreach (var (policy, values) in rows)
            page.AppendLine($"| {policy} | {string.Join(" | ", values)} |");
        page.AppendLine();
    }
}
