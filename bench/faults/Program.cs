using System.Globalization;
using System.Text.Json;
using Pharos.Bench.Faults;
using Pharos.Bench.Faults.Running;

// faults [--seeds N] [--from S] [--json]     plays seeds S to S+N-1
// faults --seed S --trace                    prints every step of one seed
var seeds = Number("--seeds", 100);
var from = Number("--from", 1);
if (args.Contains("--trace"))
{
    var one = Simulation.Run(Number("--seed", from), Console.WriteLine);
    Console.WriteLine(string.Join('\n', one.Tally.Violations));
    return one.Tally.Violations.Count == 0 ? 0 : 1;
}

var report = new Report();
for (var seed = from; seed < from + seeds; seed++)
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

int Number(string name, int otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
