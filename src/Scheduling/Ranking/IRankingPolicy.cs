using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Ranking;

/// <summary>The order in which waiting requests get memory. One sealed class a policy, chosen by name.</summary>
public interface IRankingPolicy
{
    string Name { get; }

    /// <summary>Smaller goes first. Pure: the same view gives the same score.</summary>
    double Score(in RankView request, DeviceProfile device);

    /// <summary>The score in words, for operators.</summary>
    string Explain(in RankView request, DeviceProfile device);
}

/// <summary>What a ranking may look at.</summary>
/// <param name="ArrivalAt">First arrival of the request, seconds.</param>
/// <param name="ContextTokens">Tokens to hold before the next new one.</param>
/// <param name="CachedTokens">Of these, in the cache of the device (or on their way back to it).</param>
/// <param name="GeneratedTokens">Tokens of the running segment generated so far.</param>
public readonly record struct RankView(
    double ArrivalAt, int ContextTokens, int CachedTokens, int GeneratedTokens, SegmentForecast Forecast)
{
    /// <summary>When it began to wait for this segment, seconds.</summary>
    public double QueuedAt { get; init; }

    /// <summary>Tokens still to come of the running segment, what was generated of it taken into account.</summary>
    public Estimate TokensLeft => Forecast.TokensLeft(GeneratedTokens);
}
