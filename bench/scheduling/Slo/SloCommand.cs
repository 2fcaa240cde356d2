using System.CommandLine;
using System.Globalization;
using System.Text;
using Pharos.Scheduling.Batching;
using Pharos.Simulator;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Bench.Scheduling.Slo;

/// <summary>
/// Effective throughput: the highest rate at which a share of the requests meets its objective (Apt-Serve 2504.07494, section 6), for each policy, on the
/// same arrivals. Rates are raised by a twelfth until fewer than the lowest share is served well; between two rates the line is straight.
/// </summary>
internal static class SloCommand
{
    private const double Step = 13.0 / 12;
    private static readonly double[] Shares = [0.9, 0.6];

    public static Command Create()
    {
        var profile = new Option<string>("--profile") { Description = "device: " + string.Join(", ", SimulatedProfile.All.Select(one => one.Name)), DefaultValueFactory = _ => "opt-13b-a100-40g" };
        var workload = new Option<string>("--workload") { Description = string.Join(", ", MixtureWorkload.BuiltIn), DefaultValueFactory = _ => "sharegpt" };
        var policies = new Option<string>("--policies") { DefaultValueFactory = _ => "vllm,apt-serve,apt-density-kv,apt-density,apt-density-int8" };
        var arrivals = new Option<string>("--arrivals") { DefaultValueFactory = _ => "gamma:1,gamma:4" };
        var seconds = new Option<double>("--seconds") { Description = "arrivals stop here; the run drains and every request counts", DefaultValueFactory = _ => 600 };
        var seeds = new Option<int>("--seeds") { DefaultValueFactory = _ => 3 };
        var from = new Option<double>("--from") { Description = "lowest rate, requests a second", DefaultValueFactory = _ => 1 };
        var write = new Option<string?>("--write") { Description = "file for the tables (Markdown)" };
        var command = new Command("slo", "Effective throughput under objectives of a second each, by policy.") { profile, workload, policies, arrivals, seconds, seeds, from, write };
        command.SetAction(parsed =>
        {
            var page = new StringBuilder();
            foreach (var kind in parsed.GetValue(arrivals)!.Split(','))
            {
                var rows = parsed.GetValue(policies)!.Split(',').Select(SimulatedPolicies.Find).Select(policy => Climb(
                    SimulatedProfile.Find(parsed.GetValue(profile)!), MixtureWorkload.Load(parsed.GetValue(workload)!), policy, kind, parsed.GetValue(seconds),
                    parsed.GetValue(seeds), parsed.GetValue(from))).ToList();
                page.AppendLine(CultureInfo.InvariantCulture, $"\n{parsed.GetValue(profile)}, {parsed.GetValue(workload)}, {kind}, {parsed.GetValue(seconds)} s, {parsed.GetValue(seeds)} seeds:\n");
                page.AppendLine("| policy | requests/s at 90 % | x | requests/s at 60 % | x | slowest of any request there, s to the first token |\n|---|---|---|---|---|---|");
                foreach (var row in rows)
                    page.AppendLine(CultureInfo.InvariantCulture, $"| {row.Policy} | {row.Rates[0]:F2} | {row.Rates[0] / rows[0].Rates[0]:F2} | {row.Rates[1]:F2} | {row.Rates[1] / rows[0].Rates[1]:F2} | {row.Slowest:F1} |");
            }

            Console.Write(page);
            if (parsed.GetValue(write) is { } file)
                File.AppendAllText(file, page.ToString());
            return 0;
        });
        return command;
    }

    private static (string Policy, double[] Rates, double Slowest) Climb(
        SimulatedProfile profile, IWorkload workload, SimulatedPolicy policy, string kind, double seconds, int seeds, double from)
    {
        var found = new double[Shares.Length];
        var (before, rateBefore, slowest) = (1.0, 0.0, 0.0);
        for (var rate = from; found[^1] == 0; rate *= Step)
        {
            var (attained, slow) = (0.0, 0.0);
            for (var seed = 1; seed <= seeds; seed++)
            {
                var result = Simulation.Run(new SimulationSetup(
                    Arrivals.Of(kind, workload, rate, seconds, seed), seconds, policy, new LearnedPredictions(), profile.Device, profile.KvTokens, profile.HostTokens)
                {
                    RebuildSeconds = profile.RebuildSeconds(policy.Batches?.Compact), Objective = ServiceObjective.Chat,
                });
                attained += result.Attainment / seeds;
                slow = Math.Max(slow, result.Requests.Max(request => request.FirstTokenAt!.Value - request.ArrivedAt));
            }

            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{policy.Name} {kind} {rate:F2}/s: {attained:P1}, slowest {slow:F1} s"));
            for (var i = 0; i < Shares.Length; i++)
            {
                if (found[i] == 0 && attained < Shares[i])
                    found[i] = rateBefore + (rate - rateBefore) * (before - Shares[i]) / Math.Max(1e-9, before - attained);
            }

            if (attained >= Shares[^1])
                slowest = slow;
            (before, rateBefore) = (attained, rate);
        }

        return (policy.Name, found, slowest);
    }
}
