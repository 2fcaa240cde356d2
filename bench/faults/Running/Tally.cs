namespace Pharos.Bench.Faults.Running;

/// <summary>What a run has seen so far.</summary>
internal sealed class Tally
{
    public SortedDictionary<FaultKind, int> Faults { get; } = [];

    public List<string> Violations { get; } = [];

    public int Requests { get; set; }

    public int Tokens { get; set; }

    public void Count(FaultKind kind) => Faults[kind] = Faults.GetValueOrDefault(kind) + 1;

    /// <summary>Something happened that must not. The first few say enough.</summary>
    public void Violated(string what)
    {
        if (Violations.Count < 5)
            Violations.Add(what);
    }
}

/// <summary>One seed's outcome.</summary>
/// <param name="Trace">A hash of everything that happened, in order.</param>
internal sealed record RunResult(int Seed, ulong Trace, Tally Tally, long Steps, double VirtualSeconds);
