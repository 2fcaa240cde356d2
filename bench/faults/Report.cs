using System.Globalization;
using Pharos.Bench.Faults.Running;

namespace Pharos.Bench.Faults;

/// <summary>What many seeds gave together.</summary>
internal sealed class Report
{
    private readonly SortedDictionary<FaultKind, long> faults = [];
    private readonly List<object> violations = [];
    private long seeds, requests, tokens, steps;
    private double virtualSeconds;

    public bool IsClean => violations.Count == 0;

    public void Add(RunResult run)
    {
        seeds++;
        requests += run.Tally.Requests;
        tokens += run.Tally.Tokens;
        steps += run.Steps;
        virtualSeconds += run.VirtualSeconds;
        foreach (var (kind, count) in run.Tally.Faults)
            faults[kind] = faults.GetValueOrDefault(kind) + count;
        violations.AddRange(run.Tally.Violations.Select(what => new { seed = run.Seed, what }));
    }

    public object Json() => new { seeds, violations, faults = faults.ToDictionary(fault => fault.Key.ToString(), fault => fault.Value), requests, tokens, steps, virtualSeconds };

    public string Table() => string.Join('\n',
    [
        string.Create(CultureInfo.InvariantCulture, $"{seeds} seeds, {violations.Count} violations; {requests} requests, {tokens} characters, {steps} steps in {virtualSeconds:F0} virtual seconds"),
        .. faults.Select(fault => $"  {fault.Key,-18}{fault.Value,9}"),
    ]);
}
