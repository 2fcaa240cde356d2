namespace Pharos.Bench.Scheduling.Compare;

/// <summary>What the comparison runs, what matters most first.</summary>
internal static class ComparisonParts
{
    public const string Names = "claims, main, ablation, capacity, coding, workers";

    /// <summary>Rates that the claims speak of.</summary>
    private static readonly (string Workload, double Rate)[] Stated = [("multi", 6), ("multi", 8), ("single", 12), ("single", 16)];

    private static readonly string[] Contenders = ["pharos", "pharos-bounded", "lamps-published", "lamps", "infercept", "vllm"];

    /// <summary>The published machine with less and more memory, and behind a slow link.</summary>
    public static IReadOnlyList<(string Name, Machine Machine, double Rate)> Capacities { get; } =
    [
        ("26,000 KV tokens", Machine.Published with { KvTokens = 26_000 }, 4), ("104,000 KV tokens", Machine.Published with { KvTokens = 104_000 }, 8),
        ("3 GB/s", Machine.Published with { Gbps = 3 }, 6),
    ];

    /// <summary>Contexts of 100,000 tokens need more memory; all else is the published machine.</summary>
    public static Machine CodingMachine { get; } = Machine.Published with { KvTokens = 480_000, HostTokens = 1_000_000 };

    public static IReadOnlyList<double> CodingRates { get; } = [0.02, 0.04];

    public static Machine EightWorkers { get; } = Machine.Published with { Workers = 8 };

    /// <exception cref="ArgumentException">No part has that name; the message lists those that exist.</exception>
    public static IEnumerable<Cell> Cells(Comparison comparison, string part) => part switch
    {
        "claims" => Claims(comparison),
        "main" => Everything(comparison),
        "ablation" => Each(comparison, [("multi", 6), ("multi", 8), ("single", 16)], Comparison.Variants, null),
        "capacity" => Capacities.SelectMany(one => Each(comparison, [("multi", one.Rate)], Known(Contenders), one.Machine)),
        "coding" => CodingRates.SelectMany(rate => Each(comparison, [("coding", rate)], Known(Contenders), CodingMachine)),
        "workers" => Each(comparison, [("multi", 48)], Known(Contenders), EightWorkers),
        _ => throw new ArgumentException($"Part '{part}' is not known; there are: {Names}."),
    };

    /// <summary>Those of the policies that exist.</summary>
    public static IReadOnlyList<string> Known(IEnumerable<string> policies) => [.. policies.Where(Comparison.Policies.Contains)];

    private static IEnumerable<Cell> Claims(Comparison comparison)
    {
        var stated = Stated.Where(cell => comparison.Size.Rates(cell.Workload).Contains(cell.Rate)).ToList();
        return Each(comparison, stated, Known(["pharos", "pharos-bounded", "lamps-published", "infercept", "lamps"]), null)
            .Concat(Each(comparison, [.. comparison.Size.Multi.Select(rate => ("multi", rate))], Known(["pharos-bounded", "infercept", "pharos", "lamps-published"]), null))
            .Concat(Each(comparison, [.. comparison.Size.Multi.Where(rate => rate <= 4).Select(rate => ("multi", rate))], Known(["vllm"]), null))
            .Concat(Each(comparison, [.. comparison.Size.Multi.Where(rate => rate is >= 3 and <= 4).Select(rate => ("multi", rate))], Known(["lamps"]), null, "oracle"));
    }

    private static IEnumerable<Cell> Everything(Comparison comparison)
    {
        foreach (var seed in comparison.Size.Seeds)
        {
            foreach (var prediction in (string[])["learned", "oracle"])
            {
                foreach (var workload in (string[])["multi", "single"])
                {
                    foreach (var rate in comparison.Size.Rates(workload))
                    {
                        foreach (var policy in Comparison.Policies)
                            yield return comparison.Cell(workload, policy, rate, seed, prediction);
                    }
                }
            }
        }
    }

    private static IEnumerable<Cell> Each(
        Comparison comparison, IReadOnlyList<(string Workload, double Rate)> loads, IReadOnlyList<string> policies, Machine? machine,
        string prediction = "learned") =>
        from seed in comparison.Size.Seeds
        from load in loads
        from policy in policies
        select comparison.Cell(load.Workload, policy, load.Rate, seed, prediction, machine);
}
