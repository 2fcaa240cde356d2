using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Pausing;

/// <summary>
/// Decides nothing at the pause: the cache stays until its memory is needed. Then the cache whose return is farthest goes, by blocks from its
/// end, and only if the tool still takes much longer than bringing the cache back: else whoever needs the memory waits for the return. Meanwhile
/// parked caches are mirrored to the host in idle link time, so that giving one up costs nothing when it comes.
/// </summary>
/// <remarks>
/// A preserve that is revised too late wastes memory, a swap or discard that was not needed wastes a copy; a cache that nobody wanted wastes
/// nothing (against INFERCEPT 2402.01869 and LAMPS 2410.18248, which both decide ahead of need).
/// </remarks>
/// <param name="patience">A cache is kept while its tool is expected back within so many times its reload price.</param>
/// <param name="mirrors">Off: caches are copied out only when they are taken.</param>
public sealed class LazyPause(double patience = 10, bool mirrors = true) : IPausePolicy
{
    public string Name => "pharos";

    public bool Mirrors => mirrors;

    public PauseDecision Decide(in PauseView pause) => new(
        PauseAction.Preserve,
        MemoryTime.Waste(pause.Device, pause.ContextTokens, pause.OtherTokens, pause.Tool.Seconds.Mean),
        "pressure");

    public double EvictionRank(in CacheView cache)
    {
        var reload = Math.Min(cache.Device.SwapSeconds(cache.ContextTokens), cache.Device.PrefillSeconds(cache.ContextTokens));
        return cache.Urgent || cache.ReturnAt - cache.Now > patience * reload ? cache.ReturnAt : double.NegativeInfinity;
    }
}
