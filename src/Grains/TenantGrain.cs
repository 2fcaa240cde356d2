using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Scheduling.Fairness;

namespace Pharos.Grains;

/// <summary>The shell around <see cref="TenantLedger"/>.</summary>
public sealed class TenantGrain(IOptions<PharosOptions> options, TimeProvider time) : Grain, ITenantGrain
{
    private TenantLedger ledger = null!;

    private double Now => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    public override Task OnActivateAsync(CancellationToken ct)
    {
        ledger = new TenantLedger(options.Value.LimitsOf(this.GetPrimaryKeyString()));
        return Task.CompletedTask;
    }

    public Task<TenantGrant> Ask(TenantAsk ask)
    {
        var limits = options.Value.LimitsOf(this.GetPrimaryKeyString()); // the configuration may have changed
        if (limits != ledger.Limits)
            ledger.Limits = limits;
        return Task.FromResult(ledger.Ask(ask, Now));
    }

    public Task Used(TenantUse use)
    {
        ledger.Used(use.GeneratedTokens, use.KvTokenSeconds, Now);
        return Task.CompletedTask;
    }
}
