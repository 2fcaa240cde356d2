using Pharos.Scheduling.Fairness;

namespace Pharos.Scheduling.Pool;

/// <summary>
/// What waits, by tenant: in each tenant's queue the order of rank, between tenants their shares. Those that are within <see cref="Slack"/> of the one that has
/// used least compete by rank, the others wait; so rank decides as long as nobody takes much more than their part. What has its whole cache on a
/// device goes on whatever its tenant used: it holds the memory anyway.
/// </summary>
internal sealed class FairQueue(FairShare shares)
{
    private readonly SortedDictionary<string, RankedQueue> tenants = new(StringComparer.Ordinal);

    /// <summary>Lead over the others that a tenant may have before its requests wait for theirs, token-seconds over weight.</summary>
    public double Slack { get; set; } = double.PositiveInfinity;

    /// <summary>Several tenants wait.</summary>
    public bool IsContended => tenants.Count > 1;

    /// <summary>Whose turn is next; null when nobody waits.</summary>
    public WaitingRequest? First
    {
        get
        {
            WaitingRequest? first = null;
            var most = IsContended ? Least() + Slack : double.PositiveInfinity;
            foreach (var (tenant, queue) in tenants)
            {
                var head = queue.First!;
                if ((first is null || WaitingRequest.ByTurn.Compare(head, first) < 0) && (head.Tier == 0 || shares.Of(tenant) <= most))
                    first = head;
            }

            return first;
        }
    }

    /// <summary>Its tenant has a lead: those of others go first.</summary>
    public bool IsHeldBack(WaitingRequest entry) => IsContended && entry.Tier > 0 && shares.Of(entry.Request.Tenant) > Least() + Slack;

    public bool HasAny(string tenant) => tenants.ContainsKey(tenant);

    public void Insert(WaitingRequest entry)
    {
        if (!tenants.TryGetValue(entry.Request.Tenant, out var queue))
            tenants.Add(entry.Request.Tenant, queue = new RankedQueue());
        queue.Insert(entry);
    }

    public void Remove(WaitingRequest entry)
    {
        var queue = tenants[entry.Request.Tenant];
        queue.Remove(entry);
        if (queue.Count == 0)
            tenants.Remove(entry.Request.Tenant);
    }

    /// <summary>How many go before it by rank.</summary>
    public int Position(WaitingRequest entry)
    {
        var before = 0;
        foreach (var queue in tenants.Values)
            before += queue.Position(entry);
        return before;
    }

    private double Least()
    {
        var least = double.PositiveInfinity;
        foreach (var tenant in tenants.Keys)
            least = Math.Min(least, shares.Of(tenant));
        return least;
    }
}
