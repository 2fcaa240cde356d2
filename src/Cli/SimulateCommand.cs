using System.CommandLine;
using System.Globalization;
using Pharos.Scheduling.Routing;
using Pharos.Simulator;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Cli;

/// <summary><c>pharos simulate</c>: one workload through one or more policies in virtual time, a line a policy.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        var workload = new Option<string>("--workload") { Description = "a recorded trace (CSV or JSON lines, gzipped or not), or " + string.Join(", ", MixtureWorkload.BuiltIn), DefaultValueFactory = _ => "multi" };
        var policies = new Option<string>("--policy") { Description = "names with commas between; --list tells them", DefaultValueFactory = _ => "lamps" };
        var rate = new Option<string>("--rate") { Description = "sessions a second; several with commas between", DefaultValueFactory = _ => "1" };
        var arrivalKind = new Option<string>("--arrivals") { Description = Arrivals.Names + " (trace: as recorded, --rate is not used)", DefaultValueFactory = _ => "poisson" };
        var seconds = new Option<double>("--seconds") { Description = "arrivals stop here; the run drains", DefaultValueFactory = _ => 1800 };
        var profile = new Option<string>("--profile") { Description = "device: " + string.Join(", ", SimulatedProfile.All.Select(one => one.Name)), DefaultValueFactory = _ => "gptj-6b-a100" };
        var kvTokens = new Option<int?>("--kv-tokens") { Description = "device memory in tokens of KV; by itself the profile's" };
        var hostTokens = new Option<int?>("--host-tokens") { Description = "host memory for swapped caches in tokens of KV; by itself the profile's" };
        var swap = new Option<double?>("--swap-gbps") { Description = "link between device and host, GB/s each way; by itself the profile's" };
        var workers = new Option<int>("--workers") { Description = "devices, 1 to 1000, behind one pool scheduler", DefaultValueFactory = _ => 1 };
        var routing = new Option<string>("--routing") { Description = "which worker: " + string.Join(", ", RoutingPolicies.Names), DefaultValueFactory = _ => "memory-time" };
        var binding = new Option<Binding>("--binding") { Description = "when a request is bound to a worker: late, ahead, early", DefaultValueFactory = _ => Binding.Late };
        var prediction = new Option<string>("--prediction") { Description = PredictionKinds.Names, DefaultValueFactory = _ => "oracle" };
        var seed = new Option<int>("--seed") { Description = "of arrivals, sessions and prediction errors", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "JSON lines instead of a table" };
        var csv = new Option<string?>("--csv") { Description = "file for the results as CSV" };
        var markdown = new Option<string?>("--markdown") { Description = "file for the results as a Markdown table" };
        var plot = new Option<string?>("--plot") { Description = "folder for plots (SVG): latency and wait by rate, their frontier, and one worker's memory over time" };
        var list = new Option<bool>("--list") { Description = "name the policies and end" };
        var command = new Command("simulate", "Run a workload through scheduling policies in virtual time.")
        {
            workload, policies, rate, arrivalKind, seconds, profile, kvTokens, hostTokens, swap, workers, routing, binding, prediction, seed, json, csv, markdown, plot, list,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(list))
                return List();
            try
            {
                var chosen = parsed.GetValue(policies)!.Split(',', StringSplitOptions.TrimEntries).Select(SimulatedPolicies.Find).ToList();
                var source = MixtureWorkload.BuiltIn.Contains(parsed.GetValue(workload)!)
                    ? (IWorkload)MixtureWorkload.Load(parsed.GetValue(workload)!)
                    : TraceReader.Read(parsed.GetValue(workload)!);
                var predictions = PredictionKinds.Find(parsed.GetValue(prediction)!, parsed.GetValue(seed));
                var device = SimulatedProfile.Find(parsed.GetValue(profile)!);
                if (parsed.GetValue(swap) is { } gigabytesPerSecond)
                    device = device.WithLink(gigabytesPerSecond);
                var kv = parsed.GetValue(kvTokens) ?? device.KvTokens;
                if (source.Note is { } note)
                    Console.Error.WriteLine($"{source.Name}: {note}");
                var report = new SimulationReport(source.Name, parsed.GetValue(seed), parsed.GetValue(json), Console.Out);
                var outputs = new SimulationOutputs(parsed.GetValue(csv), parsed.GetValue(markdown), parsed.GetValue(plot));
                foreach (var perSecond in Rates(parsed.GetValue(rate)!))
                {
                    var arrivals = Arrivals.Of(parsed.GetValue(arrivalKind)!, source, perSecond, parsed.GetValue(seconds), parsed.GetValue(seed));
                    var came = parsed.GetValue(arrivalKind) == "trace" ? arrivals.Count / parsed.GetValue(seconds) : perSecond;
                    foreach (var policy in chosen)
                    {
                        var timeline = outputs.Timeline(parsed.GetValue(seconds));
                        var setup = new SimulationSetup(
                            arrivals, parsed.GetValue(seconds), policy, predictions(), device.Device, kv, parsed.GetValue(hostTokens) ?? device.HostTokens)
                        {
                            Workers = parsed.GetValue(workers), Routing = parsed.GetValue(routing)!, Binding = parsed.GetValue(binding), Timeline = timeline,
                            RebuildSeconds = device.RebuildSeconds(policy.Batches?.Compact),
                        };
                        var line = report.Write(policy.Name, came, Simulation.Run(setup, new Progress(policy.Name, arrivals.Count).Tell));
                        outputs.Add(line, timeline, kv);
                    }
                }

                outputs.Write();
                return 0;
            }
            catch (Exception error) when (error is ArgumentException or FormatException or IOException or UnauthorizedAccessException or InvalidDataException)
            {
                Console.Error.WriteLine(error.Message);
                return 1;
            }
        });
        return command;
    }

    private static IReadOnlyList<double> Rates(string text) =>
    [
        .. text.Split(',').Select(part => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate)
            ? rate
            : throw new ArgumentException($"--rate {text}: expected sessions a second, with commas between several.")),
    ];

    private static int List()
    {
        foreach (var policy in SimulatedPolicies.All)
            Console.WriteLine($"{policy.Name,-16} {policy.Source}");
        return 0;
    }

    /// <summary>A line on standard error every five seconds of real time.</summary>
    private sealed class Progress(string policy, int requests)
    {
        private long toldAt = Environment.TickCount64;

        public void Tell(double virtualSeconds, int finished)
        {
            if (Environment.TickCount64 - toldAt < 5000)
                return;
            toldAt = Environment.TickCount64;
            Console.Error.WriteLine($"{policy}: {virtualSeconds:F0} s of virtual time, {finished} of {requests} requests done");
        }
    }
}
