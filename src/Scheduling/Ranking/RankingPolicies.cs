namespace Pharos.Scheduling.Ranking;

/// <summary>The policies by the names that configuration uses. Some remember, so each core has its own.</summary>
public static class RankingPolicies
{
    private static readonly Func<IRankingPolicy>[] All =
        [() => new FcfsRanking(), () => new LampsRanking(), () => new LampsPublishedRanking(), () => new PharosRanking(), () => new PharosBoundedRanking(),
         () => new RequeueRanking(), () => new SjfRanking(), () => new SsjfRanking(), () => new SrptRanking(), () => new LtrRanking(),
         () => new FastServeRanking(), () => new ContinuumRanking(), () => new ThunderAgentRanking(), () => new AutellixRanking()];

    public static IEnumerable<string> Names => All.Select(make => make().Name);

    /// <param name="promise">What <see cref="PharosBoundedRanking"/> holds itself to; null: its defaults.</param>
    /// <returns>A new instance.</returns>
    /// <exception cref="ArgumentException">No policy has that name; the message lists those that exist.</exception>
    public static IRankingPolicy Find(string name, BoundedOptions? promise = null) =>
        All.Select(make => make()).FirstOrDefault(policy => policy.Name == name) is { } found
            ? found is PharosBoundedRanking && promise is not null ? new PharosBoundedRanking(promise) : found
            : throw new ArgumentException($"Ranking policy '{name}' is not known; there are: {string.Join(", ", Names)}.");
}
