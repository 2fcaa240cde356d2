namespace Pharos.Scheduling.Fairness;

/// <summary>What a tenant may use over all gateways; 0 is no limit.</summary>
/// <param name="Requests">A minute.</param>
/// <param name="Tokens">A minute: prompts and answers.</param>
/// <param name="KvTokenSeconds">A minute: memory held on devices, over time.</param>
/// <param name="Concurrency">Requests at once.</param>
public sealed record TenantLimits(double Requests = 0, double Tokens = 0, double KvTokenSeconds = 0, int Concurrency = 0)
{
    public static TenantLimits None { get; } = new();

    /// <summary>Nobody need be asked.</summary>
    public bool IsNone => this == None;
}

/// <summary>A gateway asks to spend, and says what it holds.</summary>
/// <param name="Requests">To spend now.</param>
/// <param name="Tokens">To spend now.</param>
/// <param name="Entering">Requests that would begin now.</param>
/// <param name="Running">Requests that it has running, those not counted.</param>
/// <param name="Lease">The last it was granted; 0: none.</param>
/// <param name="UnspentRequests">Left of that lease: given back.</param>
/// <param name="UnspentTokens">Left of that lease: given back.</param>
[GenerateSerializer, Alias("pharos.tenant-ask")]
public sealed record TenantAsk(
    [property: Id(0)] string Gateway, [property: Id(1)] double Requests, [property: Id(2)] double Tokens, [property: Id(3)] int Entering,
    [property: Id(4)] int Running, [property: Id(5)] long Lease, [property: Id(6)] double UnspentRequests, [property: Id(7)] double UnspentTokens);

/// <summary>What may be spent without asking again.</summary>
/// <param name="Granted">What was asked for is granted; else nothing is, and <paramref name="Because"/> says why.</param>
/// <param name="Requests">Beyond those asked for.</param>
/// <param name="Tokens">Beyond those asked for.</param>
/// <param name="Slots">Requests that may run at once through this gateway.</param>
/// <param name="Seconds">How long it may be used, from when it was asked for.</param>
/// <param name="Limit">Which limit stands in the way: <c>requests</c>, <c>tokens</c>, <c>kv_token_seconds</c>, <c>concurrency</c>.</param>
/// <param name="RetryAfterSeconds">When it is worth asking again; null: never, it exceeds the limit alone.</param>
[GenerateSerializer, Alias("pharos.tenant-grant")]
public sealed record TenantGrant(
    [property: Id(0)] bool Granted, [property: Id(1)] long Lease, [property: Id(2)] double Requests, [property: Id(3)] double Tokens,
    [property: Id(4)] int Slots, [property: Id(5)] double Seconds, [property: Id(6)] string? Limit = null, [property: Id(7)] string? Because = null,
    [property: Id(8)] double? RetryAfterSeconds = null);

/// <summary>What a tenant has used of one device since it was opened.</summary>
/// <param name="KvTokenSeconds">Memory-time its sequences held, running or parked.</param>
/// <param name="GeneratedTokens">Of its answers.</param>
/// <param name="Load">Memory-time that those of its sequences which run or wait there are still expected to need, token-seconds.</param>
[GenerateSerializer, Alias("pharos.tenant-use")]
public readonly record struct TenantUse(
    [property: Id(0)] string Tenant, [property: Id(1)] double KvTokenSeconds, [property: Id(2)] long GeneratedTokens, [property: Id(3)] double Load);
