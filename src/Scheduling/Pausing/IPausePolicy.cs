using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Pausing;

/// <summary>What to do with the KV cache while a tool runs. One sealed class a policy, chosen by name; one instance a core.</summary>
public interface IPausePolicy
{
    string Name { get; }

    PauseDecision Decide(in PauseView pause);

    /// <summary>
    /// Whose cache is taken when a device needs memory: the highest goes first, by blocks from its end. Negative infinity: it stays, and whoever
    /// needs the memory waits. By itself the farthest return goes first: a preserve is a lease, never a lock.
    /// </summary>
    double EvictionRank(in CacheView cache) => cache.ReturnAt;

    /// <summary>
    /// What is taken of a parked cache goes to the host where that is sooner back than computed; off, or without <see cref="SwapsPreempted"/>: it is
    /// discarded.
    /// </summary>
    bool EvictsToHost => true;

    /// <summary>Parked caches are copied to the host while the link is idle, so that giving them up costs nothing when it comes.</summary>
    bool Mirrors => false;

    /// <summary>A sequence that loses its place keeps its cache in the host tier where that is sooner than to compute it again.</summary>
    bool SwapsPreempted => true;

    /// <summary>Caches are copied beside iterations, where the device can; otherwise the batch waits for every copy.</summary>
    bool CopiesBeside => true;
}

/// <summary>A pause policy whose choice is taken anew in every iteration, while the tool runs and some of the cache is on the device.</summary>
public interface IRevisingPausePolicy : IPausePolicy
{
    PauseReview Review(in CacheView cache);
}

/// <param name="SwapUrgency">
/// Above 0 the cache wants to go to the host: the highest first, as many blocks as the link moves during the iteration.
/// </param>
/// <param name="Otherwise">What happens to what the link does not take: kept or discarded.</param>
public readonly record struct PauseReview(double SwapUrgency, PauseAction Otherwise);

/// <summary>What is known when a sequence calls a tool.</summary>
/// <param name="ContextTokens">C: its tokens in the cache.</param>
/// <param name="OtherTokens">C_other: KV tokens of all other sequences on the device.</param>
/// <param name="SwapPossible">The host tier has room for it.</param>
public readonly record struct PauseView(int ContextTokens, long OtherTokens, ToolForecast Tool, DeviceProfile Device, bool SwapPossible)
{
    /// <summary>When the request arrived first, seconds.</summary>
    public double ArrivalAt { get; init; }

    public double Now { get; init; }

    /// <summary>How long requests that came back without their cache have waited for memory lately; mean, seconds.</summary>
    public double ReturnWaitSeconds { get; init; }

    /// <summary>Context when this segment began, in tokens.</summary>
    public int StartTokens { get; init; }

    /// <summary>KV tokens of the sequences that ran when this segment began.</summary>
    public long OtherTokensAtStart { get; init; }

    /// <summary>What was expected when this segment began.</summary>
    public SegmentForecast? Forecast { get; init; }
}

/// <summary>A parked cache, while its tool runs.</summary>
/// <param name="ContextTokens">Tokens of it that are left, in either tier.</param>
/// <param name="DeviceTokens">Of these, on the device.</param>
/// <param name="OtherTokens">C_other: KV tokens of the sequences that run.</param>
/// <param name="Tool">What was known of the tool when it was called.</param>
public readonly record struct CacheView(
    string Request, double ArrivalAt, double ParkedAt, double Now, int ContextTokens, int DeviceTokens, long OtherTokens, ToolForecast Tool,
    DeviceProfile Device)
{
    /// <summary>When it is expected back, given the time it has taken already, seconds.</summary>
    public double ReturnAt { get; init; }

    /// <summary>Until when the policy wanted it kept at the pause, seconds.</summary>
    public double KeptUntil { get; init; }

    /// <summary>The choice taken at the pause.</summary>
    public PauseAction Decided { get; init; }

    /// <summary>The memory is for a sequence that runs: it would lose its place if nobody gave any up.</summary>
    public bool Urgent { get; init; }
}

/// <param name="Until">What ends a preserve: <c>pressure</c>, or <c>return</c> where nothing is held.</param>
/// <param name="KeptUntil">When the policy wants to let go of what it preserves, seconds.</param>
public readonly record struct PauseDecision(PauseAction Action, PausePrices Prices, string Until, double KeptUntil = double.PositiveInfinity);
