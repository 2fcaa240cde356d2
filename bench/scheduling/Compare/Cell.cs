using System.Globalization;
using System.Text.Json.Serialization;
using Pharos.Simulator;

namespace Pharos.Bench.Scheduling.Compare;

/// <summary>One simulation of the comparison.</summary>
/// <param name="Rate">Sessions a second, Poisson, over <paramref name="Seconds"/>.</param>
/// <param name="Gbps">Link between device and host, GB/s each way.</param>
internal sealed record Cell(string Workload, string Policy, double Rate, int Seed, string Prediction, Machine Machine, double Seconds = 1800)
{
    /// <summary>Names it in the store; the workload file's folder does not matter.</summary>
    [JsonIgnore]
    public string Key => string.Create(
        CultureInfo.InvariantCulture, $"{Path.GetFileName(Workload)}|{Policy}|{Rate}|{Seed}|{Prediction}|{Machine}|{Seconds}");
}

/// <summary>What serves: a published profile and its memory.</summary>
internal sealed record Machine(string Profile, int KvTokens, int HostTokens, double Gbps, int Workers = 1)
{
    /// <summary>The machine of the published comparisons: GPT-J-6B on one A100.</summary>
    public static Machine Published { get; } = new("gptj-6b-a100", 52_000, 70_000, 20);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Profile}/{KvTokens}/{HostTokens}/{Gbps}/{Workers}");
}

/// <summary>What a cell measured, in seconds; see <see cref="SimulationResult"/>.</summary>
internal sealed record CellResult(
    string Key, int Requests, int FinishedInWindow, Distribution E2e, Distribution Wait, Distribution Ttft, double Rho, double RecomputedShare,
    double IdleShare, long Preemptions, long StarvationViolations, double ComputedInSeconds, long PromisesKept = 0);
