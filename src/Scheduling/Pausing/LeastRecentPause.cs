using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Pausing;

/// <summary>Every cache stays until memory is needed; then the one used least recently goes first (the cache of Autellix, arXiv 2502.13965).</summary>
public sealed class LeastRecentPause : IPausePolicy
{
    public string Name => "lru";

    public PauseDecision Decide(in PauseView pause) => new(
        PauseAction.Preserve,
        MemoryTime.Waste(pause.Device, pause.ContextTokens, pause.OtherTokens, pause.Tool.Seconds.Mean),
        "pressure");

    public double EvictionRank(in CacheView cache) => -cache.ParkedAt;
}
