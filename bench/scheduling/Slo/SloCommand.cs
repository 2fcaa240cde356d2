using System.CommandLine;
using System.Globalization;
using System.Text;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Worker;
using Pharos.Simulator;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Bench.Scheduling.Slo;

/// <summary>
/// Effective throughput: the highest rate at which a share of the requests meets its objective (Apt-Serve 2504.07494, section 6), for each policy, on the
/// same arrivals. Rates are raised step by step until fewer than the lowest share is served well; between two rates the line is straight.
/// </summary>
internal static class SloCommand
{
    private static readonly double[] Shares = [0.9, 0.6];

    public static Command Create()
    {
        var profile = new Option<string>("--profile") { Description = "device: " + string.Join(", ", SimulatedProfile.All.Select(one => one.Name)), DefaultValueFactory = _ => "opt-13b-a100-40g" };
        var workload = new Option<string>("--workload") { Description = string.Join(", ", MixtureWorkload.BuiltIn), DefaultValueFactory = _ => "sharegpt" };
        var policies = new Option<string>("--policies") { DefaultValueFactory = _ => "vllm,vllm-0.5,apt-serve,apt-density-kv,apt-density,apt-density-int8" };
        var arrivals = new Option<string>("--arrivals") { DefaultValueFactory = _ => "gamma:1,gamma:4" };
        var seconds = new Option<double>("--seconds") { Description = "arrivals stop here; the run drains and every request counts", DefaultValueFactory = _ => 600 };
        var seeds = new Option<int>("--seeds") { DefaultValueFactory = _ => 3 };
        var from = new Option<double>("--from") { Description = "lowest rate, requests a second", DefaultValueFactory = _ => 1 };
        var step = new Option<double>("--step") { Description = "each rate is so many times the one before", DefaultValueFactory = _ => 13.0 / 12 };
        var widening = new Option<double>("--widening") { Description = "microseconds a context token, where attention cannot read 8 bits itself and they are widened first: 0.79 on an A100 for 1.5 times the bytes of bf16" };
        var write = new Option<string?>("--write") { Description = "file for the tables (Markdown)" };
        var command = new Command("slo", "Effective throughput under objectives of a second each, by policy.") { profile, workload, policies, arrivals, seconds, seeds, from, step, widening, write };
        command.SetAction(parsed =>
        {
            var page = new StringBuilder();
            foreach (var kind in parsed.GetValue(arrivals)!.Split(','))
            {
                var rows = parsed.GetValue(policies)!.Split(',').Select(SimulatedPolicies.Find).Select(policy => Climb(
                    SimulatedProfile.Find(parsed.GetValue(profile)!), MixtureWorkload.Load(parsed.GetValue(workload)!), policy, kind, parsed.GetValue(seconds),
                    parsed.GetValue(seeds), parsed.GetValue(from), parsed.GetValue(step), 1e-6 * parsed.GetValue(widening))).ToList();
                page.AppendLine(CultureInfo.InvariantCulture, $"\n{parsed.GetValue(profile)}, {parsed.GetValue(workload)}, {kind}, {parsed.GetValue(seconds)} s, {parsed.GetValue(seeds)} seeds:\n");
                page.AppendLine("| policy | requests/s at 90 % | x | requests/s at 60 % | x | slowest first token there, s | slowest end there, objectives |\n|---|---|---|---|---|---|---|");
                foreach (var row in rows)
                    page.AppendLine(CultureInfo.InvariantCulture, $"| {row.Policy} | {row.Rates[0]:F2} | {row.Rates[0] / rows[0].Rates[0]:F2} | {row.Rates[1]:F2} | {row.Rates[1] / rows[0].Rates[1]:F2} | {row.Slowest:F1} | {row.Ended:F1} |");
            }

            Console.Write(page);
            if (parsed.GetValue(write) is { } file)
                File.AppendAllText(file, page.ToString());
            return 0;
        });
        return command;
    }

    private static (string Policy, double[] Rates, double Slowest, double Ended) Climb(
        SimulatedProfile profile, IWorkload workload, SimulatedPolicy policy, string kind, double seconds, int seeds, double from, double step, double widening)
    {
        var found = new double[Shares.Length];
        var (before, rateBefore, slowest, ended) = (1.0, 0.0, 0.0, 0.0);
        for (var rate = from; found[^1] == 0; rate *= step)
        {
            var (attained, slow, end) = (0.0, 0.0, 0.0);
            for (var seed = 1; seed <= seeds; seed++)
            {
                var result = Simulation.Run(new SimulationSetup(
                    Arrivals.Of(kind, workload, rate, seconds, seed), seconds, policy, new LearnedPredictions(), profile.Device, profile.KvTokens, profile.HostTokens)
                {
                    RebuildSeconds = policy.Batches?.Compact == CacheForm.Int8 ? widening : profile.RebuildSeconds(policy.Batches?.Compact), Objective = ServiceObjective.Chat,
                });
                attained += result.Attainment / seeds;
                slow = Math.Max(slow, result.Requests.Max(request => request.FirstTokenAt!.Value - request.ArrivedAt));
                end = Math.Max(end, result.Requests.Max(request => request.TimesObjective(ServiceObjective.Chat)));
            }

            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{policy.Name} {kind} {rate:F2}/s: {attained:P1}, slowest {slow:F1} s, end {end:F1} objectives"));
            for (var i = 0; i < Shares.Length; i++)
            {
                if (found[i] == 0 && attained < Shares[i])
                    found[i] = rateBefore + (rate - rateBefore) * (before - Shares[i]) / Math.Max(1e-9, before - attained);
            }

            if (attained >= Shares[^1])
                (slowest, ended) = (slow, end);
            (before, rateBefore) = (attained, rate);
        }

        return (policy.Name, found, slowest, ended);
    }
}
