using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Pausing;

/// <summary>What to do with the KV cache while a tool runs. One sealed class a policy, chosen by name.</summary>
public interface IPausePolicy
{
    string Name { get; }

    PauseDecision Decide(in PauseView pause);
}

/// <summary>What is known when a sequence calls a tool.</summary>
/// <param name="ContextTokens">C: its tokens in the cache.</param>
/// <param name="OtherTokens">C_other: KV tokens of all other sequences on the device.</param>
/// <param name="SwapPossible">The host tier has room for it.</param>
public readonly record struct PauseView(int ContextTokens, long OtherTokens, ToolForecast Tool, DeviceProfile Device, bool SwapPossible);

/// <param name="Until">What ends a preserve: <c>pressure</c>, or <c>return</c> where nothing is held.</param>
public readonly record struct PauseDecision(PauseAction Action, PausePrices Prices, string Until);
