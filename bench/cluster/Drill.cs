namespace Pharos.Bench.Cluster;

/// <summary>A fault done to a cluster that serves, and what has to hold through it.</summary>
internal interface IDrill
{
    /// <summary>What is asked meanwhile; none: nothing but what the drill itself asks.</summary>
    Script[] Scripts { get; }

    /// <summary>What silos and gateway are told besides, as environment variables.</summary>
    IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>();

    /// <exception cref="DrillFailedException">A promise was broken.</exception>
    Task Run(LocalCluster cluster, Traffic traffic, Report report);
}

/// <summary>Devices that only let time pass, 50 tokens a second and sequence: answers last for seconds, and the machine's cores are free for the rest.</summary>
internal static class SlowDevices
{
    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Pharos__Backend"] = "simulated",
        ["Pharos__Simulated__TokensPerSecond"] = "50",
        ["Pharos__Simulated__MinTokens"] = "100",
        ["Pharos__Simulated__MaxTokens"] = "250",
        ["Pharos__Simulated__CallShare"] = "0.5",
    };
}

/// <summary>What a drill found, a line each.</summary>
internal sealed class Report
{
    public void Say(string line) => Console.WriteLine(line);

    /// <param name="seconds">At least one.</param>
    public void Spread(string what, IReadOnlyList<double> seconds)
    {
        var sorted = seconds.Order().ToList();
        Say($"{what}: {sorted.Count}, median {sorted[sorted.Count / 2]:F2} s, max {sorted[^1]:F2} s");
    }
}

/// <summary>The answers that a fault interrupts, and how long their clients hear nothing.</summary>
internal sealed class Interruption(IReadOnlyList<Conversation> hit, long at)
{
    /// <summary>Notes who is being answered by <paramref name="silo"/> just now.</summary>
    public static async Task<Interruption> Of(LocalCluster cluster, Traffic traffic, string silo)
    {
        var placed = await cluster.Placements();
        var hit = traffic.Running.Where(one => one.Request is { } request && placed.GetValueOrDefault(request)?.Split('/')[1] == silo).ToList();
        return new Interruption(hit, TimeProvider.System.GetTimestamp());
    }

    public int Count => hit.Count;

    /// <summary>
    /// From the fault until each client heard more, after the longest silence that began with it (what was on its way may still come in the first second);
    /// without those whose answer was complete already.
    /// </summary>
    public IEnumerable<double> SecondsToResume() =>
        from one in hit
        let silences = one.HeardAt.Zip(one.HeardAt.Skip(1)).Where(pair => pair.Second > at && pair.First < at + TimeProvider.System.TimestampFrequency).ToList()
        where silences.Count > 0
        select TimeProvider.System.GetElapsedTime(at, silences.MaxBy(pair => pair.Second - pair.First).Second).TotalSeconds;
}
