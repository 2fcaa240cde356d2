using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Http;
using Pharos.Grains.Configuration;
using Pharos.Scheduling.Fairness;

namespace Pharos.Gateway.Access;

/// <summary>
/// Keeps tenants to their limits as requests come in: from budgets that this gateway has leased, and by asking the tenant's grain where they run out. Tenants
/// without limits cost nothing.
/// </summary>
internal sealed partial class TenantGate(
    IClusterGrains grains, GatewayIdentity gateway, GrainRetry retry, IOptions<PharosOptions> options, TimeProvider time, ILogger<TenantGate> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(0.5);
    private readonly ConcurrentDictionary<string, Place> _places = new(StringComparer.Ordinal); // limited tenants that have asked

    /// <summary>A request begins; what is given back ends it, and is to be disposed however that ended.</summary>
    /// <exception cref="ApiException">429: a limit stands in the way. 503: nobody can be asked now.</exception>
    public async ValueTask<IDisposable?> Enter(string tenant, CancellationToken ct)
    {
        if (PlaceOf(tenant) is not { } place)
            return null;
        if (!place.TryEnter(Now))
            await Ask(place, () => place.TryEnter(Now), entering: 1, promptTokens: 0, ct);
        return new Entered(place);
    }

    /// <summary>A prompt of so many tokens is about to be sent.</summary>
    /// <exception cref="ApiException">As of <see cref="Enter"/>.</exception>
    public async ValueTask Spend(string tenant, int promptTokens, CancellationToken ct)
    {
        if (PlaceOf(tenant) is { } place && !place.TrySpend(promptTokens, Now))
            await Ask(place, () => place.TrySpend(promptTokens, Now), entering: 0, promptTokens, ct);
    }

    /// <summary>Places that stand empty go back, and those that are held are held on to.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var place in _places.Values)
            {
                if (place.IsToBeRenewed)
                    await Renew(place, stoppingToken);
            }
        }
    }

    private double Now => time.GetTimestamp() / (double)time.TimestampFrequency;

    private Place? PlaceOf(string tenant)
    {
        var limits = options.Value.LimitsOf(tenant);
        if (limits.IsNone)
            return null;
        var place = _places.GetOrAdd(tenant, name => new Place(name, new TenantBudget(gateway.Id, limits)));
        place.Keep(limits);
        return place;
    }

    private async Task Renew(Place place, CancellationToken ct)
    {
        try
        {
            await Ask(place, () => false, entering: 0, promptTokens: 0, ct);
        }
        catch (ApiException unreachable)
        {
            LogNotRenewed(place.Tenant, unreachable.Message);
        }
    }

    // One question at a time: who waited for another's answer looks first whether that is enough.
    private async Task Ask(Place place, Func<bool> isEnough, int entering, double promptTokens, CancellationToken ct)
    {
        await place.Questions.WaitAsync(ct);
        try
        {
            if (isEnough())
                return;
            var (ask, askedAt) = (place.Ask(entering, promptTokens), Now);
            var grant = await retry.Call(() => grains.Tenant(place.Tenant).Ask(ask), ct);
            place.Take(ask, grant, askedAt);
            Refuse(grant);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            throw new ApiException(ApiError.Unavailable($"The limits of tenant '{place.Tenant}' can't be looked at now; try again."));
        }
        finally
        {
            place.Questions.Release();
        }
    }

    private static void Refuse(TenantGrant grant)
    {
        if (grant.Granted)
            return;
        throw new ApiException(grant.RetryAfterSeconds is { } seconds
            ? ApiError.TooMany(grant.Because!, "rate_limit_exceeded", seconds) with { Param = grant.Limit }
            : ApiError.Invalid("messages", grant.Because!, "rate_limit_exceeded"));
    }

    [LoggerMessage(1, LogLevel.Warning, "The lease of tenant {Tenant} was not renewed: {Because}")]
    private partial void LogNotRenewed(string tenant, string because);

    /// <summary>A tenant's budget here, for many requests at once.</summary>
    private sealed class Place(string tenant, TenantBudget budget)
    {
        public string Tenant => tenant;

        public SemaphoreSlim Questions { get; } = new(1);

        public bool IsToBeRenewed
        {
            get
            {
                lock (budget)
                    return budget.HoldsIdlePlaces || budget.Running > 0;
            }
        }

        public void Keep(TenantLimits limits)
        {
            lock (budget)
                budget.Limits = limits;
        }

        public bool TryEnter(double now)
        {
            lock (budget)
                return budget.TryEnter(now);
        }

        public bool TrySpend(double promptTokens, double now)
        {
            lock (budget)
                return budget.TrySpend(promptTokens, now);
        }

        public TenantAsk Ask(int entering, double promptTokens)
        {
            lock (budget)
                return budget.Ask(entering, promptTokens);
        }

        public void Take(TenantAsk ask, TenantGrant grant, double askedAt)
        {
            lock (budget)
                budget.Take(ask, grant, askedAt);
        }

        public void Leave()
        {
            lock (budget)
                budget.Leave();
        }
    }

    private sealed class Entered(Place place) : IDisposable
    {
        private Place? _place = place;

        public void Dispose() => Interlocked.Exchange(ref _place, null)?.Leave();
    }
}
