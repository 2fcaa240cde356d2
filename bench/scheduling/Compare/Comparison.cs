using Pharos.Simulator.Policies;

namespace Pharos.Bench.Scheduling.Compare;

/// <summary>The cells of the comparison, and their results by question.</summary>
internal sealed class Comparison(CellStore store, ComparisonSize size)
{
    /// <summary>Policies that never look at a forecast: one run stands for every kind of prediction.</summary>
    private static readonly HashSet<string> Blind =
        ["vllm", "discard", "preserve", "swap", "infercept", "infercept-oracle", "fastserve", "autellix", "thunderagent"];

    /// <summary>Arrivals to many workers stop earlier: they are as many more a second.</summary>
    public const double MostSecondsOfMany = 300;

    public ComparisonSize Size => size;

    /// <summary>All policies but the variants of an ablation.</summary>
    public static IReadOnlyList<string> Policies => [.. SimulatedPolicies.All.Select(policy => policy.Name).Where(name => !IsVariant(name))];

    /// <summary>Ours with one idea taken out or put in another way.</summary>
    public static IReadOnlyList<string> Variants => [.. SimulatedPolicies.All.Select(policy => policy.Name).Where(IsVariant)];

    public static bool IsVariant(string policy) => policy.StartsWith("pharos-", StringComparison.Ordinal) && policy != "pharos-bounded";

    public Cell Cell(string workload, string policy, double rate, int seed, string prediction, Machine? machine = null) =>
        new(workload, policy, rate, seed, Blind.Contains(policy) ? "learned" : prediction, machine ?? Machine.Published, machine is { Workers: > 1 } ? Math.Min(size.Seconds, MostSecondsOfMany) : size.Seconds);

    /// <summary>Results over the seeds that are there.</summary>
    public IReadOnlyList<CellResult> Results(string workload, string policy, double rate, string prediction, Machine? machine = null) =>
        [.. size.Seeds.Select(seed => store.Find(Cell(workload, policy, rate, seed, prediction, machine))).OfType<CellResult>()];

    public Mean Of(string workload, string policy, double rate, string prediction, Func<CellResult, double> what, Machine? machine = null) =>
        Mean.Of([.. Results(workload, policy, rate, prediction, machine).Select(what)]);

    /// <summary>What one policy takes less what the other takes, seed by seed: the arrivals are the same.</summary>
    public Mean Difference(string workload, double rate, string prediction, string policy, string other, Func<CellResult, double> what)
    {
        var pairs = new List<double>();
        foreach (var seed in size.Seeds)
        {
            if (store.Find(Cell(workload, policy, rate, seed, prediction)) is { } mine && store.Find(Cell(workload, other, rate, seed, prediction)) is { } theirs)
                pairs.Add(what(mine) - what(theirs));
        }

        return Mean.Of(pairs);
    }
}

/// <summary>How much is run.</summary>
internal sealed record ComparisonSize(IReadOnlyList<double> Multi, IReadOnlyList<double> Single, IReadOnlyList<int> Seeds, double Seconds)
{
    public static ComparisonSize Full { get; } = new([1, 2, 3, 4, 5, 6, 7, 8], [4, 6, 8, 10, 12, 14, 16], [1, 2, 3, 4, 5], 1800);

    /// <summary>To see that it runs, and the order of the policies.</summary>
    public static ComparisonSize Quick { get; } = new([2, 6], [12], [1], 300);

    public IReadOnlyList<double> Rates(string workload) => workload == "multi" ? Multi : Single;
}
