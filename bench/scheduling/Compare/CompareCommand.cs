using System.CommandLine;
using Pharos.Simulator.Policies;

namespace Pharos.Bench.Scheduling.Compare;

/// <summary>
/// <c>compare</c>: all policies over rates, seeds and predictions, with the frontier, the ablation of ours, and other machines; writes
/// <c>docs/results/scheduling.md</c>. What was computed is kept, so a long run can be split.
/// </summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var parts = new Option<string>("--parts") { Description = "with commas between: " + ComparisonParts.Names, DefaultValueFactory = _ => ComparisonParts.Names };
        var minutes = new Option<double>("--minutes") { Description = "start no further cell after so long", DefaultValueFactory = _ => double.MaxValue };
        var jobs = new Option<int>("--jobs") { Description = "cells at a time", DefaultValueFactory = _ => Environment.ProcessorCount };
        var quick = new Option<bool>("--quick") { Description = "a small subset, in a folder of its own" };
        var seeds = new Option<int>("--seeds") { Description = "seeds of every cell", DefaultValueFactory = _ => ComparisonSize.Full.Seeds.Count };
        var only = new Option<string>("--policies") { Description = "run cells of these alone, with commas between; the page shows all that are there", DefaultValueFactory = _ => "" };
        var redo = new Option<string>("--redo") { Description = "policies that have changed, with commas between: their cells are run anew", DefaultValueFactory = _ => "" };
        var store = new Option<string>("--store") { Description = "file of the cells computed so far", DefaultValueFactory = _ => "artifacts/scheduling-cells.jsonl" };
        var output = new Option<string>("--output") { Description = "folder of the page and its plots", DefaultValueFactory = _ => "docs/results" };
        var command = new Command("compare", "Run all policies side by side and write the page of results.") { parts, minutes, jobs, quick, seeds, only, redo, store, output };
        command.SetAction(parsed =>
        {
            var isQuick = parsed.GetValue(quick);
            var cells = new CellStore(parsed.GetValue(store)!);
            if (parsed.GetValue(redo) is { Length: > 0 } changed)
                cells.Drop(changed.Split(',', StringSplitOptions.TrimEntries));
            var comparison = new Comparison(cells, isQuick ? ComparisonSize.Quick : ComparisonSize.Full with { Seeds = [.. Enumerable.Range(1, parsed.GetValue(seeds))] });
            var wanted = parsed.GetValue(parts)!.Split(',', StringSplitOptions.TrimEntries).SelectMany(part => ComparisonParts.Cells(comparison, part)).ToList();
            var chosen = wanted;
            if (parsed.GetValue(only) is { Length: > 0 } names)
            {
                var few = names.Split(',', StringSplitOptions.TrimEntries).Select(name => SimulatedPolicies.Find(name).Name).ToList();
                chosen = [.. wanted.Where(cell => few.Contains(cell.Policy))];
            }

            var limit = TimeSpan.FromMinutes(Math.Min(parsed.GetValue(minutes), TimeSpan.FromDays(30).TotalMinutes));
            new CellRunner(cells, parsed.GetValue(jobs), limit).Run(chosen);
            var missing = wanted.Where(cell => cells.Find(cell) is null).DistinctBy(cell => cell.Key).Count();
            var folder = isQuick ? Path.Combine("artifacts", "scheduling-quick") : parsed.GetValue(output)!;
            new ResultsPage(comparison, folder).Write(missing);
            Console.WriteLine($"{Path.Combine(folder, "scheduling.md")} is written; {missing} of {wanted.Count} cells are still missing.");
            return 0;
        });
        return command;
    }
}
