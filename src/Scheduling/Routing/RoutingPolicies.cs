namespace Pharos.Scheduling.Routing;

/// <summary>The policies by the names that configuration uses.</summary>
public static class RoutingPolicies
{
    private static readonly Func<IRoutingPolicy>[] All =
        [() => new MemoryTimeRouting(), () => new CacheOwnerRouting(), () => new LeastRequestsRouting(), () => new RoundRobinRouting()];

    public static IEnumerable<string> Names => All.Select(make => make().Name);

    /// <returns>A new instance.</returns>
    /// <exception cref="ArgumentException">No policy has that name; the message lists those that exist.</exception>
    public static IRoutingPolicy Find(string name) =>
        All.Select(make => make()).FirstOrDefault(policy => policy.Name == name)
        ?? throw new ArgumentException($"Routing policy '{name}' is not known; there are: {string.Join(", ", Names)}.");
}
