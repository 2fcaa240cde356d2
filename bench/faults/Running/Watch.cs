using Pharos.Grains;
using Pharos.Grains.Devices;
using Pharos.Scheduling.Pool;

namespace Pharos.Bench.Faults.Running;

/// <summary>Checks after every step what must hold at all times, and makes a hash of all that happens.</summary>
internal sealed class Watch(Tally tally)
{
    private const ulong Prime = 1099511628211;
    private const string TurnOfRequest = "turn request/";
    private readonly SortedDictionary<string, List<(WatchedDevices Of, DeviceLoop Loop)>> devices = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Request, int Epoch), string> owners = [];
    private readonly Dictionary<string, long> messages = new(StringComparer.Ordinal);
    private readonly Leavings leavings = new(tally);
    private readonly NoticeNumbers numbers = new(tally);
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

    public void Sent(in MessageInfo message)
    {
        messages[message.Method] = messages.GetValueOrDefault(message.Method) + 1;
        leavings.Sent(message);
    }

    /// <summary>How many of that kind were sent so far.</summary>
    public long Messages(string method) => messages.GetValueOrDefault(method);

    /// <summary>The run is over but for its clearing up.</summary>
    public void Settle() => leavings.Settle(loop => devices.Values.Any(lives => lives.Any(life => life.Loop == loop && !IsOver(life))));

    /// <summary>Only a device's own turn changes what it holds, and only a request's what it says.</summary>
    /// <param name="find">The object of a grain's activation.</param>
    public void AfterStep(Func<GrainId, object?> find)
    {
        if (step.StartsWith(TurnOfRequest, StringComparison.Ordinal) && find(GrainId.Parse(step["turn ".Length..])) is RequestGrain life)
            numbers.Look(step[TurnOfRequest.Length..], life);
        if (step.StartsWith("turn device ", StringComparison.Ordinal))
            LookAtDevices();
    }

    private void LookAtDevices()
    {
        try
        {
            owners.Clear();
            foreach (var (worker, loop) in OpenDevices)
            {
                loop.CheckIntegrity();
                var all = loop.Held.ToList();
                leavings.Look(worker, loop, all);
                foreach (var held in all)
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
