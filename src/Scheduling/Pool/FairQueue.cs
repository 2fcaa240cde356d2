using Pharos.Scheduling.Fairness;

namespace Pharos.Scheduling.Pool;

/// <summary>
/// What waits, by tenant: in each tenant's queue the order of rank, between tenants their shares. Those that are within <see cref="Slack"/> of the one that has
/// used least compete by rank, the others wait; so rank decides as long as nobody takes much more than their part. What has its whole cache on a
/// device goes on whatever its tenant used: it holds the memory anyway.
/// </summary>
internal sealed class FairQueue(FairShare shares)
{
    private readonly Dictionary<string, RankedQueue> queues = new(StringComparer.Ordinal);
    private readonly List<(string Tenant, RankedQueue Queue)> backlog = []; // those that are not empty, in order of name

    /// <summary>Lead over the others that a tenant may have before its requests wait for theirs, token-seconds over weight.</summary>
    public double Slack { get; set; } = double.PositiveInfinity;

    /// <summary>Several tenants wait.</summary>
    public bool IsContended => backlog.Count > 1;

    /// <summary>Whose turn is next; null when nobody waits.</summary>
    public WaitingRequest? First
    {
        get
        {
            if (!IsContended)
                return backlog.Count == 0 ? null : backlog[0].Queue.First;
            WaitingRequest? first = null;
            var most = Least() + Slack;
            foreach (var (tenant, queue) in backlog)
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

    public bool HasAny(string tenant) => queues.TryGetValue(tenant, out var queue) && queue.Count > 0;

    public void Insert(WaitingRequest entry)
    {
        var tenant = entry.Request.Tenant;
        if (!queues.TryGetValue(tenant, out var queue))
            queues.Add(tenant, queue = new RankedQueue());
        if (queue.Count == 0)
        {
            var at = backlog.FindIndex(other => string.CompareOrdinal(other.Tenant, tenant) > 0);
            backlog.Insert(at < 0 ? backlog.Count : at, (tenant, queue));
        }

        queue.Insert(entry);
    }

    public void Remove(WaitingRequest entry)
    {
        var queue = queues[entry.Request.Tenant];
        queue.Remove(entry);
        if (queue.Count == 0)
            backlog.RemoveAt(backlog.FindIndex(other => other.Queue == queue));
    }

    /// <summary>How many go before it as things are.</summary>
    public int Position(WaitingRequest entry)
    {
        var (before, isHeld) = (0, IsHeldBack(entry));
        var most = IsContended ? Least() + Slack : double.PositiveInfinity;
        foreach (var (tenant, queue) in backlog)
        {
            var (byRank, leads) = (queue.Position(entry), shares.Of(tenant) > most);
            before += isHeld && !leads ? queue.Count : leads && !isHeld ? GoOn(queue, byRank) : byRank;
        }

        return before;
    }

    // Of the first in a queue whose tenant has a lead, those that go before others all the same.
    private static int GoOn(RankedQueue queue, int most)
    {
        var count = 0;
        while (count < most && queue.At(count).Tier == 0)
            count++;
        return count;
    }

    private double Least()
    {
        var least = double.PositiveInfinity;
        foreach (var (tenant, _) in backlog)
            least = Math.Min(least, shares.Of(tenant));
        return least;
    }
}
