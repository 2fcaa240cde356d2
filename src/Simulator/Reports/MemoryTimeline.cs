using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Worker;

namespace Pharos.Simulator.Reports;

/// <summary>One worker's device memory over time by owner (class of session) and state (running, waiting with a cache, parked at a tool).</summary>
/// <param name="seconds">Time between samples.</param>
public sealed class MemoryTimeline(double seconds)
{
    private readonly List<double> times = [];
    private readonly SortedDictionary<(SequencePhase State, string Class), List<double>> layers = [];

    /// <summary>Takes a sample where one is due.</summary>
    internal void Sample(double now, WorkerCore core, Func<SequenceSlot, SimulatedRequest> request)
    {
        if (times.Count > 0 && now < times[^1] + seconds)
            return;
        times.Add(now);
        foreach (var slot in core.Sequences)
        {
            if (slot.DeviceTokens == 0)
                continue;
            var owner = (slot.Phase, request(slot).Session.Class);
            if (!layers.TryGetValue(owner, out var layer))
                layers.Add(owner, layer = []);
            Fill(layer);
            layer[^1] += slot.DeviceTokens;
        }
    }

    /// <summary>The samples as an SVG chart, running caches at the bottom and parked ones on top.</summary>
    /// <param name="kvTokens">Capacity of the device.</param>
    public string Chart(string title, int kvTokens)
    {
        SequencePhase[] order = [SequencePhase.Running, SequencePhase.Waiting, SequencePhase.Parked];
        foreach (var layer in layers.Values)
            Fill(layer);
        return Charts.Stacked(
            title, "tokens of KV on the device", times,
            [.. layers.OrderBy(layer => Array.IndexOf(order, layer.Key.State)).Select(layer => ($"{Name(layer.Key.State)}: {layer.Key.Class}", (IReadOnlyList<double>)layer.Value))], kvTokens);
    }

    private void Fill(List<double> layer)
    {
        while (layer.Count < times.Count)
            layer.Add(0);
    }

    private static string Name(SequencePhase state) => state switch
    {
        SequencePhase.Running => "running",
        SequencePhase.Waiting => "waiting",
        _ => "at a tool",
    };
}
