using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Pausing;

/// <summary>Always the same choice (INFERCEPT's ablations); a swap without room in the host tier becomes a discard.</summary>
public sealed class FixedPause(PauseAction action) : IPausePolicy
{
    public string Name => action.ToString().ToLowerInvariant();

    public bool SwapsPreempted => action != PauseAction.Discard;

    public PauseDecision Decide(in PauseView pause)
    {
        var chosen = action == PauseAction.Swap && !pause.SwapPossible ? PauseAction.Discard : action;
        return new PauseDecision(
            chosen,
            MemoryTime.Waste(pause.Device, pause.ContextTokens, pause.OtherTokens, pause.Tool.Seconds.Mean),
            chosen == PauseAction.Preserve ? "pressure" : "return");
    }
}
