using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// The order in which waiting requests get memory: by tier, within a tier by the client's priority, then by score, then by age. One sealed class
/// a policy, chosen by name; one instance a core. What else a policy may do is a capability of its own: <see cref="IPreemptivePolicy"/>,
/// <see cref="IObservingPolicy"/>.
/// </summary>
public interface IRankingPolicy
{
    string Name { get; }

    /// <summary>Smaller goes first. Taken when a request begins to wait and again every few iterations, so it may change with time.</summary>
    double Score(in RankView request, DeviceProfile device);

    /// <summary>
    /// A lower tier goes first whatever the scores are. By itself: a returned request whose whole cache is still on the device holds memory while
    /// it waits, so it goes straight back to running.
    /// </summary>
    int Tier(in RankView request) => request.IsResident ? 0 : 1;

    /// <summary>The tier of those that go first because they have waited for too long; -1 where the policy has none.</summary>
    int StarvationTier => -1;

    /// <summary>The score in words, for operators.</summary>
    string Explain(in RankView request, DeviceProfile device);
}

/// <summary>A ranking that may take a running request off the device for a waiting one that stands before it.</summary>
public interface IPreemptivePolicy : IRankingPolicy
{
    /// <summary>Whether this running request gives way to one that stands before it; the last in rank is asked first.</summary>
    bool MayGiveWay(in RankView running);

    /// <summary>What happens to the cache of one that gave way; preserved, it stays until its memory is needed.</summary>
    Pausing.PauseAction CacheOfDisplaced { get; }
}

/// <summary>A policy that remembers: it is told what happens on its device, and decides by it later.</summary>
public interface IObservingPolicy
{
    /// <summary>A request came for the first time and waits.</summary>
    void Arrived(in RankView request, DeviceProfile device)
    {
    }

    /// <summary>A request waited already when this policy took over: it is no part of the load that the policy sees come. The oldest is told first.</summary>
    void Found(in RankView request, DeviceProfile device)
    {
    }

    /// <summary>It got its first place in a batch.</summary>
    void Started(in RankView request)
    {
    }

    /// <summary>It is done, was cancelled, or went elsewhere.</summary>
    void Ended(in RankView request)
    {
    }

    /// <summary>The iteration that was planned last is over.</summary>
    void Iterated(in IterationView iteration)
    {
    }
}

/// <summary>What an iteration was.</summary>
/// <param name="Now">When it was planned, seconds.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Tokens">Tokens computed.</param>
/// <param name="RecomputedTokens">Of these, computed before and lost since.</param>
/// <param name="ResidentTokens">Context tokens of the sequences that ran, all of them on the device.</param>
/// <param name="CapacityTokens">KV tokens that the device holds.</param>
/// <param name="Waiting">Sequences that waited meanwhile.</param>
/// <param name="Devices">Devices behind the queue; each has that capacity.</param>
public readonly record struct IterationView(
    double Now, double Seconds, long Tokens, long RecomputedTokens, long ResidentTokens, int CapacityTokens, int Waiting, int Devices = 1);
