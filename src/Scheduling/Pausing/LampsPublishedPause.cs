using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Pausing;

/// <summary>
/// The least waste predicted when the segment began, from the tool and length predicted then (LAMPS, arXiv 2410.18248, as its published code has
/// it): what the call turns out to be changes nothing. A preserved cache stays until its tool returns, unless a running request would lose its
/// place; the batch waits for swaps, and preempted requests are computed again.
/// </summary>
public sealed class LampsPublishedPause : IPausePolicy
{
    public string Name => "lamps-published";

    public bool SwapsPreempted => false;

    public bool CopiesBeside => false; // its price of a swap, 2 * Tsw(C) * C_batch, is this wait

    public PauseDecision Decide(in PauseView pause)
    {
        var forecast = pause.Forecast;
        var toolSeconds = forecast is { PauseProbability: > 0 } ? forecast.ToolSeconds.Mean : pause.Tool.Seconds.Mean;
        var context = pause.StartTokens + (forecast?.TokensToPause.Mean ?? 0);
        var planned = Planned(pause.Device, context, toolSeconds, pause.OtherTokensAtStart);
        return new PauseDecision(
            planned, MemoryTime.Waste(pause.Device, context, pause.OtherTokensAtStart, toolSeconds),
            "return");
    }

    public double EvictionRank(in CacheView cache) => cache.Urgent ? cache.ReturnAt : double.NegativeInfinity;

    internal static PauseAction Planned(DeviceProfile device, double context, double toolSeconds, double otherTokens) =>
        LeastWastePause.Cheapest(MemoryTime.Waste(device, context, otherTokens, toolSeconds), swapPossible: true);
}
