using System.Diagnostics.Metrics;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Metrics;

/// <summary>What was decided about parked caches, and what it turned out to be worth.</summary>
internal static class PauseMetrics
{
    private static readonly Counter<long> Decisions = PharosMeter.Shared.CreateCounter<long>(
        "pharos.tool_decisions", description: "Decisions about the KV cache of a request that waits for a tool.");

    private static readonly Counter<double> Waste = PharosMeter.Shared.CreateCounter<double>(
        "pharos.tool_waste_token_seconds", description: "KV memory over time that pauses wasted, by what was decided first.");

    private static readonly Counter<double> Regret = PharosMeter.Shared.CreateCounter<double>(
        "pharos.tool_regret_token_seconds", description: "Of that waste, what the best decision in hindsight had saved.");

    private static readonly Histogram<double> Error = PharosMeter.Shared.CreateHistogram(
        "pharos.tool_duration_prediction_error_seconds", "How far the predicted median duration of a tool call was from the actual one, in seconds.", PharosMeter.SecondBuckets);

    private static readonly Histogram<double> Resumes = PharosMeter.Shared.CreateHistogram(
        "pharos.resume_seconds", "From a request's return to its worker until it runs again, by where its cache was, in seconds.", PharosMeter.SecondBuckets);

    private static readonly Histogram<double> SwapInLate = PharosMeter.Shared.CreateHistogram(
        "pharos.swap_in_late_seconds", "How long a sequence whose turn had come waited for its cache from the host, in seconds.", PharosMeter.SecondBuckets);

    /// <summary>A tool of the registry goes by its name; clients name theirs as they like, which is no label.</summary>
    public static void Decided(PauseReceipt receipt, ToolUse use) => Decisions.Add(1, Tool(receipt, use), Decision(receipt));

    /// <summary>The tool has returned: the price is known.</summary>
    public static void Settled(PauseReceipt receipt, ToolUse use)
    {
        Waste.Add(receipt.WasteTokenSeconds, Decision(receipt));
        Regret.Add(receipt.RegretTokenSeconds, Decision(receipt));
        if (receipt.ActualSeconds is { } actual)
            Error.Record(Math.Abs(actual - receipt.PredictedP50), Tool(receipt, use));
    }

    /// <param name="path">Where its cache was: <c>device</c>, <c>host</c>, or <c>recompute</c> where it had none.</param>
    public static void Resumed(string path, double seconds, double? swapInSeconds)
    {
        Resumes.Record(seconds, new KeyValuePair<string, object?>("path", path));
        if (swapInSeconds is { } late)
            SwapInLate.Record(late);
    }

    private static KeyValuePair<string, object?> Tool(PauseReceipt receipt, ToolUse use) => new("tool", use == ToolUse.Server ? receipt.Tool : "client");

    private static KeyValuePair<string, object?> Decision(PauseReceipt receipt) => new("decision", receipt.Decision switch
    {
        PauseAction.Preserve => "preserve",
        PauseAction.Swap => "swap",
        _ => "discard",
    });
}
