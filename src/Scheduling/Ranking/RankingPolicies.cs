namespace Pharos.Scheduling.Ranking;

/// <summary>The policies by the names that configuration uses.</summary>
public static class RankingPolicies
{
    private static readonly IRankingPolicy[] All = [new FcfsRanking(), new LampsRanking(), new RequeueRanking(), new SjfRanking()];

    public static IEnumerable<string> Names => All.Select(policy => policy.Name);

    /// <exception cref="ArgumentException">No policy has that name; the message lists those that exist.</exception>
    public static IRankingPolicy Find(string name) =>
        All.FirstOrDefault(policy => policy.Name == name)
        ?? throw new ArgumentException($"Ranking policy '{name}' is not known; there are: {string.Join(", ", Names)}.");
}
