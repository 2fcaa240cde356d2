using Pharos.Grains;
using Pharos.Grains.Devices;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Bench.Faults.Running;

/// <summary>
/// What leaves a worker in the middle of its segment leaves for a reason: somebody sent word before, under its epoch or for a later one, or the worker tells its
/// request that the segment has ended. Without that the request would be missed some time, and be computed anew: its client would wait and see nothing else.
/// </summary>
internal sealed class Leavings(Tally tally)
{
    private readonly Dictionary<(string Worker, string Request), int> asked = []; // up to which epoch it was to go
    private readonly HashSet<(string Worker, string Request, int Epoch)> told = [];
    private readonly HashSet<string> emptied = new(StringComparer.Ordinal); // workers that were told to let everything go
    private readonly Dictionary<DeviceLoop, List<HeldSequence>> before = []; // what a device was serving
    private readonly List<(DeviceLoop Loop, string Worker, HeldSequence Gone)> silent = [];

    /// <summary>A message is on its way, wherever that ends.</summary>
    public void Sent(in MessageInfo message)
    {
        var to = message.Target.Key.Text;
        switch (message.Arguments)
        {
            case [string request, int epoch] when Is(message, nameof(IWorkerGrain.Release)): Ask(to, request, epoch); break;
            case [SequenceWork work]: Ask(to, work.Request, work.Epoch - 1); break;
            case [MigrationOrder order]: Ask(to, order.Request, order.Epoch - 1); break;
            case [SegmentReport report]: told.Add((report.Worker, to, report.Epoch)); break;
            case [] when Is(message, nameof(IWorkerGrain.Evacuate)): emptied.Add(to); break;
        }
    }

    /// <summary>A device has taken a step.</summary>
    /// <param name="held">What it has now.</param>
    public void Look(string worker, DeviceLoop loop, IReadOnlyList<HeldSequence> held)
    {
        foreach (var gone in before.GetValueOrDefault(loop, []).Where(had => !held.Any(one => one.Request == had.Request && one.Epoch == had.Epoch)))
        {
            if (asked.GetValueOrDefault((worker, gone.Request)) < gone.Epoch)
                silent.Add((loop, worker, gone));
        }

        before[loop] = [.. held.Where(one => one.Phase != SequencePhase.Parked)];
    }

    /// <summary>All has been said that will be.</summary>
    /// <param name="isThere">False for a device that is gone, with whatever it had to tell.</param>
    public void Settle(Func<DeviceLoop, bool> isThere)
    {
        foreach (var (loop, worker, gone) in silent)
        {
            if (isThere(loop) && !emptied.Contains(worker) && !told.Contains((worker, gone.Request, gone.Epoch)))
                tally.Violated($"{gone.Request} under epoch {gone.Epoch}, which was {gone.Phase}, left {worker} without a reason");
        }
    }

    private static bool Is(in MessageInfo message, string method) => message.Method.EndsWith("." + method, StringComparison.Ordinal);

    private void Ask(string worker, string request, int epoch) =>
        asked[(worker, request)] = Math.Max(epoch, asked.GetValueOrDefault((worker, request)));
}
