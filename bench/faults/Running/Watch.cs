using Pharos.Grains.Devices;
using Pharos.Scheduling.Pool;

namespace Pharos.Bench.Faults.Running;

/// <summary>Checks after every step what must hold at all times, and makes a hash of all that happens.</summary>
internal sealed class Watch(Tally tally)
{
    private const ulong Prime = 1099511628211;
    private readonly SortedDictionary<string, List<(WatchedDevices Of, DeviceLoop Loop)>> devices = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Request, int Epoch), string> owners = [];
    private string step = "";

    public ulong Hash { get; private set; } = 14695981039346656037;

    /// <summary>Set to see every step.</summary>
    public Action<string>? Print { get; set; }

    public IEnumerable<(string Worker, DeviceLoop Loop)> OpenDevices =>
        devices.SelectMany(entry => entry.Value.Where(life => !IsOver(life)).Select(life => (entry.Key, life.Loop)));

    private static bool IsOver((WatchedDevices Of, DeviceLoop Loop) life) => life.Of.AreGone || life.Loop.IsClosed;

    public void Opened(string worker, WatchedDevices of, DeviceLoop loop)
    {
        if (!devices.TryGetValue(worker, out var lives))
            devices[worker] = lives = [];
        lives.RemoveAll(IsOver);
        lives.Add((of, loop));
    }

    public void Step(string what)
    {
        step = what;
        Note(what);
    }

    public void Note(string what)
    {
        foreach (var c in what)
            Hash = (Hash ^ c) * Prime;
        Print?.Invoke(what);
    }

    /// <summary>Only a device's own turn changes what it holds.</summary>
    public void AfterStep()
    {
        if (!step.StartsWith("turn device ", StringComparison.Ordinal))
            return;
        try
        {
            owners.Clear();
            foreach (var (worker, loop) in OpenDevices)
            {
                loop.CheckIntegrity();
                foreach (var held in loop.Held)
                {
                    if (held.Phase != SequencePhase.Parked && !owners.TryAdd((held.Request, held.Epoch), worker))
                        tally.Violated($"{held.Request} runs under epoch {held.Epoch} on {owners[(held.Request, held.Epoch)]} and on {worker}");
                }
            }
        }
        catch (InvalidOperationException broken)
        {
            tally.Violated($"{step}: {broken.Message}");
        }
    }
}
