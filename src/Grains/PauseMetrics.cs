using System.Diagnostics.Metrics;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

/// <summary>Counts what was decided about parked caches, on the meter <c>Pharos</c>.</summary>
internal static class PauseMetrics
{
    private static readonly Counter<long> Decisions = new Meter("Pharos").CreateCounter<long>(
        "pharos.tool_decisions", description: "Decisions about the KV cache of a request that waits for a tool.");

    /// <summary>A tool of the registry goes by its name; clients name theirs as they like, which is no label.</summary>
    public static void Decided(PauseReceipt receipt, ToolUse use) => Decisions.Add(
        1,
        new KeyValuePair<string, object?>("tool", use == ToolUse.Server ? receipt.Tool : "client"),
        new KeyValuePair<string, object?>("decision", Label(receipt.Decision)));

    private static string Label(PauseAction action) => action switch
    {
        PauseAction.Preserve => "preserve",
        PauseAction.Swap => "swap",
        _ => "discard",
    };
}
