using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Pausing;

/// <summary>
/// Every cache stays until memory is needed; then the smallest program that waits for a tool is paused first, as it is the cheapest to compute
/// again (ThunderAgent, arXiv 2602.13692).
/// </summary>
public sealed class SmallestFirstPause : IPausePolicy
{
    public string Name => "smallest-first";

    public PauseDecision Decide(in PauseView pause) => new(
        PauseAction.Preserve,
        MemoryTime.Waste(pause.Device, pause.ContextTokens, pause.OtherTokens, pause.Tool.Seconds.Mean),
        "pressure");

    public double EvictionRank(in CacheView cache) => -cache.ContextTokens;

    public bool EvictsToHost => false;
}
