using System.Globalization;
using System.Text.Json;
using Pharos.Simulator;

namespace Pharos.Cli;

/// <summary>Results as JSON lines, or as a table for people; one a policy and rate, as they come.</summary>
internal sealed class SimulationReport(string workload, int seed, bool json, TextWriter output)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);
    private bool headed;

    public SimulationLine Write(string policy, double rate, SimulationResult result)
    {
        var line = Line(policy, rate, result);
        if (json)
            output.WriteLine(JsonSerializer.Serialize(line, Options));
        else
            Row(policy, rate, result);
        output.Flush();
        return line;
    }

    private SimulationLine Line(string policy, double rate, SimulationResult result) => new(
        policy, workload, rate, seed, result.Requests.Count, result.FinishedInWindow, Rounded(result.EndToEnd), Rounded(result.Wait),
        Rounded(result.TimeToFirstToken), Rounded(result.Utilisation), Rounded(result.RecomputedShare), Rounded(result.IdleShare), result.Preemptions,
        result.StarvationViolations);

    private void Row(string policy, double rate, SimulationResult result)
    {
        if (!headed)
        {
            output.WriteLine($"{"policy",-16} {"rate",6} {"requests",8} {"e2e mean",9} {"p99",8} {"wait mean",10} {"p99",8} {"ttft mean",10} {"p99",8} {"rho",5} {"again",6} {"idle",6} {"preempt",8}");
            headed = true;
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{policy,-16} {rate,6:0.###} {result.Requests.Count,8} {result.EndToEnd.Mean,9:F2} {result.EndToEnd.P99,8:F1} {result.Wait.Mean,10:F2} {result.Wait.P99,8:F1} {result.TimeToFirstToken.Mean,10:F2} {result.TimeToFirstToken.P99,8:F1} {result.Utilisation,5:F2} {result.RecomputedShare,6:P0} {result.IdleShare,6:P0} {result.Preemptions,8}"));
    }

    private static Distribution Rounded(Distribution of) => new(Rounded(of.Mean), Rounded(of.P50), Rounded(of.P99), Rounded(of.P999));

    private static double Rounded(double value) => Math.Round(value, 6);
}

/// <summary>One line of <c>--json</c>: a contract. Times in seconds; <c>wait</c> is latency minus tool time.</summary>
/// <param name="Rho">Share of the arrival window in which the device computes.</param>
/// <param name="RecomputedShare">Of the tokens computed, those computed before.</param>
/// <param name="IdleShare">Of device memory x time, what caches held that waited for a tool.</param>
internal sealed record SimulationLine(
    string Policy, string Workload, double Rate, int Seed, int Requests, int FinishedInWindow, Distribution E2e, Distribution Wait, Distribution Ttft,
    double Rho, double RecomputedShare, double IdleShare, long Preemptions, long StarvationViolations);
