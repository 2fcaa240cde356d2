namespace Pharos.Bench.Scheduling.Compare;

/// <summary>One statement with its floor, and what came. <paramref name="Holds"/>: null where cells are missing.</summary>
internal sealed record Claim(string Statement, string Came, bool? Holds);

/// <summary>What the policies are to reach, checked against the results that are there.</summary>
internal static class Claims
{
    public static IEnumerable<Claim> Of(Comparison results)
    {
        yield return PublishedLamps(results);
        yield return PublishedIntercept(results);
        foreach (var (workload, rate, most) in ((string, double, double)[])[("multi", 6, 0.30), ("multi", 8, 0.35), ("single", 12, 0.65), ("single", 16, 0.55)])
            yield return MeanRatio(results, "pharos", workload, rate, "lamps-published", most);
        yield return NeverWorse(results);
        foreach (var rate in (double[])[6, 7, 8])
            yield return MeanRatio(results, "pharos-bounded", "multi", rate, "lamps-published", 0.6);
        yield return Tail(results);
        yield return Promise(results);
    }

    private static Claim PublishedLamps(Comparison results)
    {
        var best = double.PositiveInfinity;
        foreach (var rate in results.Size.Multi.Where(rate => rate >= 3))
        {
            var (ours, theirs) = (results.Of("multi", "lamps", rate, "oracle", cell => cell.E2e.Mean), results.Of("multi", "vllm", rate, "oracle", cell => cell.E2e.Mean));
            if (ours.Count > 0 && theirs.Count > 0)
                best = Math.Min(best, ours.Value / theirs.Value);
        }

        return new Claim("LAMPS (oracle) against vLLM beyond vLLM's saturation, multi: mean latency lower by 70 % or more", double.IsFinite(best) ? $"{1 - best:P0} lower" : "-", double.IsFinite(best) ? best <= 0.3 : null);
    }

    private static Claim PublishedIntercept(Comparison results)
    {
        double? ratio = Sustained(results, "infercept") is { } ours && Sustained(results, "vllm") is { } theirs ? ours / theirs : null;
        return new Claim("INFERCEPT sustains 1.6x vLLM's rate or more, multi (mean wait below 3x that at 1 req/s)", ratio is { } times ? $"{times:F1}x" : "-", ratio is { } came ? came >= 1.6 : null);
    }

    // The highest rate, rates in ascending order, whose mean wait is below three times that of the lowest.
    private static double? Sustained(Comparison results, string policy)
    {
        double? last = null;
        var idle = results.Of("multi", policy, 1, "learned", cell => cell.Wait.Mean);
        foreach (var rate in results.Size.Multi)
        {
            var wait = results.Of("multi", policy, rate, "learned", cell => cell.Wait.Mean);
            if (idle.Count == 0 || wait.Count == 0 || wait.Value > 3 * idle.Value)
                return last;
            last = rate;
        }

        return last;
    }

    private static Claim MeanRatio(Comparison results, string policy, string workload, double rate, string other, double most)
    {
        var ours = results.Of(workload, policy, rate, "learned", cell => cell.Wait.Mean);
        var theirs = results.Of(workload, other, rate, "learned", cell => cell.Wait.Mean);
        var statement = $"{policy} against {other}, learned, {workload} {rate}: mean wait at most {Mean.Short(most)}x";
        return ours.Count == 0 || theirs.Count == 0
            ? new Claim(statement, "-", null)
            : new Claim(statement, $"{ours.Value / theirs.Value:F2}x ({ours} s against {theirs} s)", ours.Value <= most * theirs.Value);
    }

    private static Claim NeverWorse(Comparison results)
    {
        var (worse, compared) = (new List<string>(), 0);
        foreach (var workload in (string[])["multi", "single"])
        {
            foreach (var rate in results.Size.Rates(workload))
            {
                foreach (var other in Comparison.Policies.Where(name => name is not ("pharos" or "pharos-bounded" or "infercept-oracle")))
                {
                    var difference = results.Difference(workload, rate, "learned", "pharos", other, cell => cell.Wait.Mean);
                    if (difference.Count < 2)
                        continue;
                    compared++;
                    // A hundredth of a second is nothing that anybody waits for.
                    if (difference.Value - difference.Margin > 0.01)
                        worse.Add($"{other} at {workload} {rate} by {difference} s");
                }
            }
        }

        return new Claim(
            "pharos, learned: mean wait never significantly worse than any other policy's (paired by seed, 95 %)",
            compared == 0 ? "-" : worse.Count == 0 ? $"{compared} comparisons" : $"worse than {string.Join("; ", worse)}", compared == 0 ? null : worse.Count == 0);
    }

    private static Claim Tail(Comparison results)
    {
        var (beyond, highest) = (new List<string>(), 0.0);
        foreach (var rate in results.Size.Multi)
        {
            var ours = results.Of("multi", "pharos-bounded", rate, "learned", cell => cell.Wait.P99);
            var theirs = results.Of("multi", "infercept", rate, "learned", cell => cell.Wait.P99);
            if (ours.Count == 0 || theirs.Count == 0)
                continue;
            highest = Math.Max(highest, ours.Value / theirs.Value);
            if (ours.Value > 1.2 * theirs.Value)
                beyond.Add($"{rate}: {ours.Value / theirs.Value:F2}x");
        }

        return new Claim(
            "pharos-bounded, learned: P99 wait at most 1.2x infercept's at every rate of multi",
            highest == 0 ? "-" : beyond.Count == 0 ? $"highest {highest:F2}x" : "beyond at " + string.Join(", ", beyond), highest == 0 ? null : beyond.Count == 0);
    }

    private static Claim Promise(Comparison results)
    {
        var (broken, given, served, runs) = (0L, 0L, 0L, 0);
        foreach (var workload in (string[])["multi", "single"])
        {
            foreach (var result in results.Size.Rates(workload).SelectMany(rate => results.Results(workload, "pharos-bounded", rate, "learned")))
            {
                broken += result.StarvationViolations;
                given += result.StarvationViolations + result.PromisesKept;
                served += result.Requests;
                runs++;
            }
        }

        return new Claim("pharos-bounded, learned: 0 violations of its promise while the load is sustainable", runs == 0 ? "-" : FormattableString.Invariant($"{broken} in {runs} runs, {given:N0} of {served:N0} requests were given it"), runs == 0 ? null : broken == 0);
    }
}
