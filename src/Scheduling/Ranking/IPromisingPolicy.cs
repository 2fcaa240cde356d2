using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>A ranking that promises how long nobody waits, says when it cannot, and counts when it breaks its word.</summary>
public interface IPromisingPolicy : IRankingPolicy
{
    PromiseState Promise { get; }

    /// <summary>Promises what the queue before this one does, by the load measured there: a device is never sent more than it can do.</summary>
    void Follow(PromiseState queue);

    /// <summary>Seconds that a request of this kind, come now, is expected to wait for its first place in a batch.</summary>
    double EstimateWait(in RankView request, DeviceProfile device);

    /// <summary>Whether it is better told at once that it will not be served in time; false unless shedding is configured.</summary>
    bool Sheds(in RankView request, DeviceProfile device);
}

/// <summary>What those that come now are told.</summary>
[GenerateSerializer, Alias("pharos.promise-mode")]
public enum PromiseMode
{
    /// <summary>A greatest slowdown.</summary>
    Promise,

    /// <summary>The load is beyond what is sustainable, or not known well enough: the order alone.</summary>
    Order,

    /// <summary>The same, and large requests that would wait too long are refused.</summary>
    Shed,
}

/// <summary>What a policy promises, and how it stands.</summary>
/// <param name="MostSlowdown">Nobody takes longer, its tools' time apart, than so many times what it would take alone.</param>
/// <param name="LeastAloneSeconds">What is shorter alone counts as that long.</param>
/// <param name="SustainableLoad">The promise is given while the measured load and its deviation together stay within.</param>
/// <param name="Load">The load as measured now, see <see cref="LoadMeter"/>.</param>
/// <param name="LoadDeviation">How far that may be off: a standard deviation.</param>
/// <param name="WithdrawnAt">Nothing is promised to those that came before, seconds; null: it was never withdrawn.</param>
/// <param name="Kept">Requests to whom it was given, all their time, and kept.</param>
/// <param name="Violations">Requests to whom it was given, all their time, and broken.</param>
[GenerateSerializer, Alias("pharos.promise-state")]
public sealed record PromiseState(
    [property: Id(0)] PromiseMode Mode, [property: Id(1)] double MostSlowdown, [property: Id(2)] double LeastAloneSeconds,
    [property: Id(3)] double SustainableLoad, [property: Id(4)] double Load, [property: Id(5)] double LoadDeviation, [property: Id(6)] double? WithdrawnAt,
    [property: Id(7)] long Kept, [property: Id(8)] long Violations);
