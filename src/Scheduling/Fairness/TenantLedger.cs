using System.Globalization;

namespace Pharos.Scheduling.Fairness;

/// <summary>
/// Keeps one tenant to its limits over all gateways. Gateways lease small budgets, so that not every request has to ask; a lease counts as spent for as long as it
/// may be used, and what is left of it comes back with the next question. A gateway that is silent has lost its places.
/// </summary>
public sealed class TenantLedger(TenantLimits limits)
{
    /// <summary>How long a lease may be used, seconds.</summary>
    public const double LeaseSeconds = 2;

    /// <summary>After so many seconds of silence a gateway is gone, and its requests with it.</summary>
    public const double GatewayTimeout = 10;

    private const double LeaseShare = 1.0 / 60; // the most a lease holds beyond what was asked for: a second of the minute

    private readonly MinuteWindow requests = new(limits.Requests);
    private readonly MinuteWindow tokens = new(limits.Tokens);
    private readonly MinuteWindow kvTokenSeconds = new(limits.KvTokenSeconds);
    private readonly SortedDictionary<string, Holder> gateways = new(StringComparer.Ordinal);
    private TenantLimits limits = limits;
    private long lastLease;

    /// <summary>May change at any time: what was spent counts against the new ones.</summary>
    public TenantLimits Limits
    {
        get => limits;
        set
        {
            limits = value;
            (requests.Limit, tokens.Limit, kvTokenSeconds.Limit) = (value.Requests, value.Tokens, value.KvTokenSeconds);
        }
    }

    /// <summary>What answers and caches have used; known only afterwards, so it may exceed the limit, and then others wait until it is a minute old.</summary>
    public void Used(double generatedTokens, double kvSeconds, double now)
    {
        tokens.Spend(generatedTokens, now);
        kvTokenSeconds.Spend(kvSeconds, now);
    }

    public TenantGrant Ask(TenantAsk ask, double now)
    {
        if (!gateways.TryGetValue(ask.Gateway, out var holder))
            gateways.Add(ask.Gateway, holder = new Holder());
        if (holder.Lease == ask.Lease && ask.Lease != 0)
        {
            requests.GiveBack(Math.Min(ask.UnspentRequests, holder.Requests), holder.RequestsAt, now);
            tokens.GiveBack(Math.Min(ask.UnspentTokens, holder.Tokens), holder.TokensAt, now);
        }

        foreach (var gone in gateways.Where(other => now - other.Value.SeenAt > GatewayTimeout && other.Value != holder).Select(other => other.Key).ToList())
            gateways.Remove(gone);
        holder.SeenAt = now;
        holder.Slots = ask.Running;
        holder.Requests = holder.Tokens = 0;
        holder.Lease = lastLease = Math.Max(lastLease + 1, (long)(now * 1000)); // unlike any of a ledger before this one
        return Refusal(ask, now) ?? Grant(ask, holder, now);
    }

    private TenantGrant? Refusal(TenantAsk ask, double now)
    {
        if (Left(requests, ask.Requests, now) is { } wait)
            return Refuse("requests", $"{limits.Requests:0.#} requests a minute", wait);
        if (Left(tokens, ask.Tokens, now) is { } tokenWait)
            return Refuse("tokens", $"{limits.Tokens:0.#} tokens a minute", tokenWait, ask.Tokens);
        if (ask.Entering > 0 && kvTokenSeconds.Left(now) <= 0)
            return Refuse("kv_token_seconds", $"{limits.KvTokenSeconds:0.#} token-seconds of KV memory a minute", kvTokenSeconds.SecondsUntil(Math.Min(1, limits.KvTokenSeconds), now) ?? 1);
        if (limits.Concurrency > 0 && ask.Entering > 0 && ask.Running + ask.Entering > FreeFor(ask.Gateway))
            return Refuse("concurrency", $"{limits.Concurrency} requests at once", 1);
        return null;

        // Infinity stands for never; null: it fits.
        static double? Left(MinuteWindow window, double amount, double now) =>
            amount <= 0 || window.Left(now) >= amount ? null : window.SecondsUntil(amount, now) ?? double.PositiveInfinity;

        TenantGrant Refuse(string limit, string most, double wait, double asked = 0)
        {
            var never = double.IsPositiveInfinity(wait);
            var because = never
                ? string.Create(CultureInfo.InvariantCulture, $"This takes {asked:0.#} of {most}: the tenant's limit alone is less.")
                : string.Create(CultureInfo.InvariantCulture, $"The tenant has used its {most}; try again in {Math.Ceiling(wait):0} s.");
            return new TenantGrant(false, lastLease, 0, 0, ask.Running, LeaseSeconds, limit, because, never ? null : Math.Max(1, wait));
        }
    }

    private TenantGrant Grant(TenantAsk ask, Holder holder, double now)
    {
        requests.Spend(ask.Requests, now);
        tokens.Spend(ask.Tokens, now);
        holder.Requests = Extra(requests, now);
        holder.RequestsAt = requests.Spend(holder.Requests, now, LeaseSeconds);
        holder.Tokens = Extra(tokens, now);
        holder.TokensAt = tokens.Spend(holder.Tokens, now, LeaseSeconds);
        var running = ask.Running + ask.Entering;
        holder.Slots = running;
        if (limits.Concurrency > 0)
            holder.Slots += Math.Min(running, Math.Max(0, FreeFor(ask.Gateway) - running) / 8);
        return new TenantGrant(true, lastLease, holder.Requests, holder.Tokens, limits.Concurrency > 0 ? holder.Slots : int.MaxValue, LeaseSeconds);
    }

    private static double Extra(MinuteWindow window, double now) =>
        window.IsLimited ? Math.Floor(Math.Max(0, Math.Min(window.Limit * LeaseShare, window.Left(now) / 4))) : 0;

    private int FreeFor(string gateway) => limits.Concurrency - gateways.Where(other => other.Key != gateway).Sum(other => other.Value.Slots);

    /// <summary>What a gateway holds.</summary>
    private sealed class Holder
    {
        public double SeenAt { get; set; }

        public long Lease { get; set; }

        public double Requests { get; set; }

        public long RequestsAt { get; set; }

        public double Tokens { get; set; }

        public long TokensAt { get; set; }

        public int Slots { get; set; }
    }
}
