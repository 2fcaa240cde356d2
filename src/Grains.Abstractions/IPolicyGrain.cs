namespace Pharos.Grains;

/// <summary>What an operator chose for a pool (its key) in place of what is configured. Apart from the scheduler, which has to live without a store.</summary>
[Alias("pharos.policies")]
public interface IPolicyGrain : IGrainWithStringKey
{
    /// <summary>Names are checked by the caller; null leaves what was chosen before.</summary>
    [Alias("choose")] Task Choose(string? rank, string? pause);

    /// <summary>The choice, which is written anew: a store forgets in time what is not.</summary>
    [Alias("chosen")] Task<PolicyChoice> Chosen();
}

/// <summary>Null: as configured.</summary>
[GenerateSerializer, Alias("pharos.policy-choice")]
public sealed class PolicyChoice
{
    /// <summary>A name of <see cref="Scheduling.Ranking.RankingPolicies"/>.</summary>
    [Id(0)] public string? Rank { get; set; }

    /// <summary>A name of <see cref="Scheduling.Pausing.PausePolicies"/>.</summary>
    [Id(1)] public string? Pause { get; set; }
}

/// <summary>The policies by which a pool works now.</summary>
[GenerateSerializer, Alias("pharos.pool-policies")]
public sealed record PoolPolicies([property: Id(0)] string Rank, [property: Id(1)] string Pause, [property: Id(2)] string Route);
