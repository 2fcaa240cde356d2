using Pharos.Scheduling.Fairness;

namespace Pharos.Grains;

/// <summary>Keeps one tenant (its key) to its limits, over all gateways. What it remembers is a minute old at most, so nothing is written.</summary>
[Alias("pharos.tenant")]
public interface ITenantGrain : IGrainWithStringKey
{
    /// <summary>A gateway wants to spend, or renews what it holds.</summary>
    [Alias("ask")] Task<TenantGrant> Ask(TenantAsk ask);

    /// <summary>From a pool's scheduler: what the tenant has used since it said so last.</summary>
    [Alias("used")] Task Used(TenantUse use);
}
