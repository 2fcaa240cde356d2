using System.Globalization;
using Pharos.Scheduling.Fairness;

namespace Pharos.Scheduling.Pool;

// Tenants: what each has used of the pool's memory over time, and whose requests give way when the queue is full.
public sealed partial class PoolCore
{
    private const double LeastRetrySeconds = 1, MostRetrySeconds = 60;

    private readonly FairShare shares;
    private readonly SortedDictionary<string, TenantUse> used = new(StringComparer.Ordinal); // since it was last asked for
    private readonly SortedDictionary<int, int> priorities = []; // how many new requests wait of each
    private readonly List<ShedRequest> shed = [];
    private double turnsASecond, turnsAt = double.NaN;

    /// <summary>What tenants have used since the last call, in order of name.</summary>
    public IReadOnlyList<TenantUse> TakeUsed()
    {
        TenantUse[] taken = [.. used.Values];
        used.Clear();
        return taken;
    }

    /// <summary>Requests that waited and gave way to more urgent ones since the last call.</summary>
    public IReadOnlyList<ShedRequest> TakeShed()
    {
        ShedRequest[] taken = [.. shed];
        shed.Clear();
        return taken;
    }

    // Totals of devices grow from when they were opened: of one that is new here nobody knows what was counted before.
    private void Account(WorkerSnapshot? before, WorkerSnapshot now)
    {
        if (now.Tenants.IsDefault || (before is not null && before.Incarnation == now.Incarnation && before.Report >= now.Report))
            return;
        var baseline = before is null ? now : before.Incarnation == now.Incarnation ? before : null;
        foreach (ref readonly var use in now.Tenants.AsSpan())
        {
            var then = baseline is { Tenants.IsDefault: false } ? Find(baseline.Tenants.AsSpan(), use.Tenant) : default;
            var (seconds, tokens) = (Math.Max(0, use.KvTokenSeconds - then.KvTokenSeconds), Math.Max(0, use.GeneratedTokens - then.GeneratedTokens));
            if (seconds == 0 && tokens == 0)
                continue;
            shares.Charge(use.Tenant, seconds);
            var sum = used.GetValueOrDefault(use.Tenant);
            used[use.Tenant] = new TenantUse(use.Tenant, sum.KvTokenSeconds + seconds, sum.GeneratedTokens + tokens, 0);
        }

        static TenantUse Find(ReadOnlySpan<TenantUse> said, string tenant)
        {
            foreach (ref readonly var use in said)
            {
                if (use.Tenant == tenant)
                    return use;
            }

            return default;
        }
    }

    private void CountExpected()
    {
        shares.ForgetExpected();
        foreach (var worker in roster.Workers)
            worker.AddExpected(shares);
        queue.Slack = limits.FairSlackSeconds * roster.MeanCapacity * roster.Workers.Count;
    }

    // Only what has never been served gives way, to what is more urgent: of the least urgent, the newest of the tenant that has used most.
    private bool MakeRoom(RequestDescriptor request)
    {
        if (priorities.Count == 0 || priorities.Last().Key is var least && least <= request.Priority)
            return false;
        var victim = ring.Where(entry => IsNew(entry.Request) && entry.Request.Priority == least)
            .MaxBy(entry => (shares.Of(entry.Request.Tenant), entry.Request.ArrivalAt, entry.Request.Request))!;
        shed.Add(new ShedRequest(
            victim.Request.Request, $"{limits.MaxQueued} requests wait, the most this pool takes, and a more urgent one came.", RetryAfter()));
        observer?.Ended(victim.View(victim.ScoredAt));
        Forget(victim.Request.Request);
        return true;
    }

    private static bool IsNew(RequestDescriptor request) => request is { Segment: 0, Epoch: FirstEpoch };

    private void CountPriority(RequestDescriptor request, int more)
    {
        if (!IsNew(request))
            return;
        var count = priorities.GetValueOrDefault(request.Priority) + more;
        if (count > 0)
            priorities[request.Priority] = count;
        else
            priorities.Remove(request.Priority);
    }

    // How many turns are given a second, fading over half a minute.
    private void CountTurns(int turns, double now)
    {
        if (double.IsNaN(turnsAt))
            turnsAt = now;
        var left = Math.Exp(Math.Min(0, turnsAt - now) / 30);
        turnsASecond = turnsASecond * left + turns / 30.0;
        turnsAt = Math.Max(turnsAt, now);
    }

    // By then half of what waits should have had its turn.
    private double RetryAfter() => Math.Clamp(waiting.Count / 2.0 / Math.Max(1e-3, turnsASecond), LeastRetrySeconds, MostRetrySeconds);

    private string HeldBack(WaitingRequest entry) => !queue.IsHeldBack(entry) ? "" : string.Create(CultureInfo.InvariantCulture,
        $"; tenant '{entry.Request.Tenant}' has used {shares.Of(entry.Request.Tenant):F0} token-seconds for its weight, and others that wait have used less");
}

/// <summary>A request that gave way.</summary>
/// <param name="RetryAfterSeconds">When it is worth trying again.</param>
public readonly record struct ShedRequest(string Request, string Because, double RetryAfterSeconds);
