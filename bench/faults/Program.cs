using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pharos.Bench.Faults;
using Pharos.Bench.Faults.Mutations;
using Pharos.Bench.Faults.Running;

// faults [--seeds N] [--from S] [--json] [--first]   plays seeds S to S+N-1; with --first until one fails
// faults --trace --from S                            prints every step of one seed
// faults mutate [--only NAME] [--in DIR] [--seeds N] shows which seed notices which mistake
var seeds = Number("--seeds", 100);
var from = Number("--from", 1);
if (args is ["mutate", ..])
    return new MutationRun(Repository(), seeds, Text("--in")).Run(Text("--only"));
if (args.Contains("--trace"))
{
    using var logs = LoggerFactory.Create(logging => logging.AddProvider(new TraceLogs()).SetMinimumLevel(LogLevel.Debug));
    var one = Simulation.Run(from, Console.WriteLine, logs);
    Console.WriteLine(string.Join('\n', one.Tally.Violations));
    return one.Tally.Violations.Count == 0 ? 0 : 1;
}

var report = new Report();
for (var seed = from; seed < from + seeds && (report.IsClean || !args.Contains("--first")); seed++)
{
    var result = Simulation.Run(seed);
    report.Add(result);
    if (!args.Contains("--json"))
    {
        foreach (var violation in result.Tally.Violations)
            Console.WriteLine($"seed {seed}: {violation}");
    }
}

Console.WriteLine(args.Contains("--json") ? JsonSerializer.Serialize(report.Json(), JsonSerializerOptions.Web) : report.Table());
return report.IsClean ? 0 : 1;

int Number(string name, int otherwise) => Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

string? Text(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

static string Repository()
{
    var folder = new DirectoryInfo(AppContext.BaseDirectory);
    while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Cluster.sln")))
        folder = folder.Parent;
    return folder?.FullName ?? throw new DirectoryNotFoundException("Mutations are made of the sources: run this from a checkout of the repository.");
}
