using System.Diagnostics.Metrics;

namespace Pharos.Grains.Tools;

/// <summary>What is measured of tool calls, on the meter <c>Pharos</c>.</summary>
public sealed class ToolMetrics(IMeterFactory meters)
{
    private readonly Histogram<double> duration = meters.Create("Pharos").CreateHistogram<double>(
        "pharos.tool_duration_seconds", "s", "Duration of server-side tool calls, retries and waiting included.");

    /// <param name="tool">A registered tool, or null: a name the model made up is no label.</param>
    /// <param name="seconds">Duration of the call.</param>
    public void Called(string? tool, ToolOutcome outcome, double seconds) => duration.Record(
        seconds, new KeyValuePair<string, object?>("tool", tool ?? "unknown"), new KeyValuePair<string, object?>("outcome", Label(outcome)));

    private static string Label(ToolOutcome outcome) => outcome switch
    {
        ToolOutcome.Ok => "ok",
        ToolOutcome.Deferred => "deferred",
        ToolOutcome.UnknownTool => "unknown_tool",
        ToolOutcome.BadArguments => "bad_arguments",
        ToolOutcome.Rejected => "rejected",
        ToolOutcome.RateLimited => "rate_limited",
        ToolOutcome.ServerError => "server_error",
        ToolOutcome.NetworkError => "network_error",
        ToolOutcome.Timeout => "timeout",
        ToolOutcome.Redirected => "redirected",
        ToolOutcome.AddressRefused => "address_refused",
        ToolOutcome.TooLarge => "too_large",
        ToolOutcome.CircuitOpen => "circuit_open",
        ToolOutcome.QueueFull => "queue_full",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, null),
    };
}
