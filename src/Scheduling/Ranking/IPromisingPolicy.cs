using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>A ranking that promises how long nobody waits, says when it cannot, and counts when it breaks its word.</summary>
public interface IPromisingPolicy : IRankingPolicy
{
    PromiseState Promise { get; }

    /// <summary>Seconds that a request of this kind, come now, is expected to wait for its first place in a batch.</summary>
    double EstimateWait(in RankView request, DeviceProfile device);

    /// <summary>Whether it is better told at once that it will not be served in time; false unless shedding is configured.</summary>
    bool Sheds(in RankView request, DeviceProfile device);
}

/// <summary>What a policy promises, and how it stands.</summary>
/// <param name="MostSlowdown">Nobody takes longer, its tools' time apart, than so many times what it would take alone.</param>
/// <param name="LeastAloneSeconds">What is shorter alone counts as that long.</param>
/// <param name="SustainableLoad">The promise is given while the measured load stays below.</param>
/// <param name="Load">The load as measured now, see <see cref="LoadMeter"/>.</param>
/// <param name="Violations">Requests to whom it was given, all their time, and broken.</param>
public readonly record struct PromiseState(double MostSlowdown, double LeastAloneSeconds, double SustainableLoad, double Load, long Violations)
{
    public bool IsGiven => Load <= SustainableLoad;
}
