using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Pausing;

/// <summary>
/// Takes the choice with the least predicted waste, evaluated with the tool's learned duration (LAMPS, arXiv 2410.18248; prices of INFERCEPT
/// 2402.01869). Ties: preserve, then swap.
/// </summary>
public sealed class LeastWastePause : IPausePolicy
{
    public string Name => "lamps";

    public PauseDecision Decide(in PauseView pause)
    {
        var prices = MemoryTime.Waste(pause.Device, pause.ContextTokens, pause.OtherTokens, pause.Tool.Seconds.Mean);
        var action = Cheapest(prices, pause.SwapPossible);
        return new PauseDecision(action, prices, action == PauseAction.Preserve ? "pressure" : "return");
    }

    public static PauseAction Cheapest(PausePrices prices, bool swapPossible)
    {
        var swap = swapPossible ? prices.Swap : double.PositiveInfinity;
        if (prices.Preserve <= swap && prices.Preserve <= prices.Discard)
            return PauseAction.Preserve;
        return swap <= prices.Discard ? PauseAction.Swap : PauseAction.Discard;
    }
}
