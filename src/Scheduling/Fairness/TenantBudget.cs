namespace Pharos.Scheduling.Fairness;

/// <summary>
/// A gateway's part of a tenant's limits: spends what was leased, and says when the ledger has to be asked. One question at a time; what runs out meanwhile waits
/// for its answer.
/// </summary>
public sealed class TenantBudget(string gateway, TenantLimits limits)
{
    private TenantLimits limits = limits;
    private long lease;
    private double requests, tokens;
    private int slots;
    private double validUntil = double.NegativeInfinity;

    /// <summary>Where they change, the ledger is asked before anything else is spent.</summary>
    public TenantLimits Limits
    {
        get => limits;
        set => (limits, validUntil) = (value, value == limits ? validUntil : double.NegativeInfinity);
    }

    /// <summary>Requests that run.</summary>
    public int Running { get; private set; }

    /// <summary>Something changed that the ledger does not know: fewer run than it has places for.</summary>
    public bool HoldsIdlePlaces => limits.Concurrency > 0 && slots > Running;

    /// <summary>A request begins; false: the lease does not hold it.</summary>
    public bool TryEnter(double now)
    {
        if (now >= validUntil || (limits.Requests > 0 && requests < 1) || (limits.Concurrency > 0 && Running >= slots))
            return false;
        requests = Math.Max(0, requests - 1);
        Running++;
        return true;
    }

    /// <summary>A prompt is sent; false: the lease does not hold it.</summary>
    public bool TrySpend(double promptTokens, double now)
    {
        if (limits.Tokens <= 0)
            return true;
        if (now >= validUntil || tokens < promptTokens)
            return false;
        tokens -= promptTokens;
        return true;
    }

    /// <summary>A request is over, however it ended.</summary>
    public void Leave() => Running--;

    /// <summary>The question, with all that is left of the lease: nothing of it may be spent until the answer is there.</summary>
    public TenantAsk Ask(int entering, double promptTokens)
    {
        var ask = new TenantAsk(gateway, entering, promptTokens, entering, Running, lease, requests, tokens);
        (requests, tokens, validUntil) = (0, 0, double.NegativeInfinity);
        return ask;
    }

    /// <param name="askedAt">When the question was sent: from then on the lease is valid.</param>
    public void Take(TenantAsk ask, TenantGrant grant, double askedAt)
    {
        lease = grant.Lease;
        slots = grant.Slots;
        validUntil = askedAt + grant.Seconds;
        if (!grant.Granted)
            return;
        requests = grant.Requests;
        tokens = grant.Tokens;
        Running += ask.Entering;
    }
}
