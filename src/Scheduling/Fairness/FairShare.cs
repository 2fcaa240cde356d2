namespace Pharos.Scheduling.Fairness;

/// <summary>
/// Weighted max-min shares of memory-time between tenants that wait, as start-time fair queueing gives them (Goyal et al., SIGCOMM 1996; for serving, the virtual
/// token counter of Sheng et al., OSDI 2024): each tenant counts what it used, in token-seconds of KV memory over its weight, and whoever has the
/// least goes first. Memory-time instead of tokens, because memory is what requests keep from each other, also while they wait for a tool.
/// </summary>
/// <remarks>
/// Used is what devices report plus what tenants' sequences there are still expected to need, so that a turn counts when it is given, and predictions that were
/// wrong correct themselves. A tenant that begins to wait is lifted to where the turns are: nobody saves up credit by being away, and nobody pays for
/// what was used while nobody waited.
/// </remarks>
/// <param name="weightOf">A tenant's weight; above 0.</param>
public sealed class FairShare(Func<string, double> weightOf)
{
    private readonly SortedDictionary<string, Tenant> tenants = new(StringComparer.Ordinal);
    private double virtualTime;

    /// <summary>Tenants that were ever heard of.</summary>
    public IEnumerable<string> Tenants => tenants.Keys;

    /// <summary>Used over weight, token-seconds.</summary>
    public double Of(string tenant) => Find(tenant).Share;

    /// <summary>It used so much more memory-time, token-seconds.</summary>
    public void Charge(string tenant, double tokenSeconds) => Find(tenant).Used += tokenSeconds;

    /// <summary>What is on devices is counted anew.</summary>
    public void ForgetExpected()
    {
        foreach (var tenant in tenants.Values)
            tenant.Expected = 0;
    }

    /// <summary>So much more is expected of what it has on devices, token-seconds.</summary>
    public void Expect(string tenant, double tokenSeconds) => Find(tenant).Expected += tokenSeconds;

    /// <summary>It had nothing waiting, and has now.</summary>
    public void BeginToWait(string tenant)
    {
        var found = Find(tenant);
        found.Used = Math.Max(found.Used, virtualTime * found.Weight);
    }

    /// <summary>A turn is given to it: what is measured says how far the turns are, not what is expected, which a tenant might inflate.</summary>
    public void Dispatched(string tenant)
    {
        var found = Find(tenant);
        virtualTime = Math.Max(virtualTime, found.Used / found.Weight);
    }

    private Tenant Find(string name)
    {
        if (!tenants.TryGetValue(name, out var tenant))
            tenants.Add(name, tenant = new Tenant(Math.Max(1e-6, weightOf(name))));
        return tenant;
    }

    private sealed class Tenant(double weight)
    {
        public double Weight => weight;

        public double Used { get; set; }

        public double Expected { get; set; }

        public double Share => (Used + Expected) / weight;
    }
}
