using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pharos.Bench.Faults;
using Pharos.Bench.Faults.Mutations;
using Pharos.Bench.Faults.Running;

// faults [--seeds N] [--from S] [--json] [--first]   plays seeds S to S+N-1; with --first until one fails
// faults --trace --from S                            prints every step of one seed
// faults mutate [--only NAME] [--in DIR] [--seeds N] shows which seed notices which mistake
var seeds = new Option<int>("--seeds") { Description = "how many seeds", DefaultValueFactory = _ => 100, Recursive = true };
var from = new Option<int>("--from") { Description = "the first seed", DefaultValueFactory = _ => 1 };
var json = new Option<bool>("--json") { Description = "the report as JSON" };
var first = new Option<bool>("--first") { Description = "stop at the first seed that fails" };
var trace = new Option<bool>("--trace") { Description = "print every step of one seed" };
var only = new Option<string?>("--only") { Description = "mistakes whose name contains this" };
var folder = new Option<string?>("--in") { Description = "where the copy of the sources is kept for the next time" };
var mutate = new Command("mutate", "Make one mistake at a time and show which seed notices it.") { only, folder };
mutate.SetAction(parsed => new MutationRun(Repository(), parsed.GetValue(seeds), parsed.GetValue(folder)).Run(parsed.GetValue(only)));
var root = new RootCommand("Plays whole clusters under faults, in virtual time.") { seeds, from, json, first, trace, mutate };
root.SetAction(parsed => parsed.GetValue(trace)
    ? Trace(parsed.GetValue(from))
    : Play(parsed.GetValue(from), parsed.GetValue(seeds), parsed.GetValue(json), parsed.GetValue(first)));
return root.Parse(args).Invoke();

static int Trace(int seed)
{
    using var logs = LoggerFactory.Create(logging => logging.AddProvider(new TraceLogs()).SetMinimumLevel(LogLevel.Debug));
    var one = Simulation.Run(seed, Console.WriteLine, logs);
    Console.WriteLine(string.Join('\n', one.Tally.Violations));
    return one.Tally.Violations.Count == 0 ? 0 : 1;
}

static int Play(int from, int seeds, bool json, bool first)
{
    var report = new Report();
    for (var seed = from; seed < from + seeds && (report.IsClean || !first); seed++)
    {
        var result = Simulation.Run(seed);
        report.Add(result);
        if (!json)
        {
            foreach (var violation in result.Tally.Violations)
                Console.WriteLine($"seed {seed}: {violation}");
        }
    }

    Console.WriteLine(json ? JsonSerializer.Serialize(report.Json(), JsonSerializerOptions.Web) : report.Table());
    return report.IsClean ? 0 : 1;
}

static string Repository()
{
    var folder = new DirectoryInfo(AppContext.BaseDirectory);
    while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Cluster.sln")))
        folder = folder.Parent;
    return folder?.FullName ?? throw new DirectoryNotFoundException("Mutations are made of the sources: run this from a checkout of the repository.");
}
