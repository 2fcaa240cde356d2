using System.Text.Json;
using System.Xml.Linq;
using Pharos.Cli;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator.Tests;

public sealed class SimulateCommandTests
{
    [Fact]
    public void Json_line_has_the_fields_of_the_contract()
    {
        var arrivals = Arrivals.Poisson(MixtureWorkload.Load("single"), 2, 20, 1);
        var result = Simulation.Run(new SimulationSetup(
            arrivals, 20, SimulatedPolicies.Find("lamps"), new OraclePredictions(), SimulatedProfile.Find("gptj-6b-a100").Device, 52_000, 70_000));
        var output = new StringWriter();
        new SimulationReport("single", 1, json: true, output).Write("lamps", 2, result);
        var line = JsonDocument.Parse(output.ToString()).RootElement;
        Assert.Equal(
            ["policy", "workload", "rate", "seed", "requests", "finishedInWindow", "e2e", "wait", "ttft", "rho", "recomputedShare", "idleShare", "preemptions", "starvationViolations"],
            line.EnumerateObject().Select(field => field.Name));
        Assert.Equal(["mean", "p50", "p99", "p999"], line.GetProperty("wait").EnumerateObject().Select(field => field.Name));
        Assert.Equal(arrivals.Count, line.GetProperty("requests").GetInt32());
    }

    [Theory]
    [InlineData("simulate --list", 0)]
    [InlineData("simulate --workload single --policy vllm,lamps --rate 1 --seconds 5 --profile gptj-6b-a100 --kv-tokens 52000 --host-tokens 70000 --swap-gbps 20 --workers 1 --prediction noisy:0.3 --seed 1 --json", 0)]
    [InlineData("simulate --policy best", 1)]
    [InlineData("simulate --workload nowhere.csv", 1)]
    [InlineData("simulate --rate many", 1)]
    public void Command_line_answers_with_its_status(string line, int status) =>
        Assert.Equal(status, SimulateCommand.Create().Parse(line["simulate ".Length..]).Invoke());

    [Fact]
    public void Files_and_plots_are_written_where_they_were_asked_for()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string[] line = ["--workload", "multi", "--policy", "vllm,lamps", "--rate", "0.5,1", "--seconds", "30", "--csv", Path.Combine(folder, "a.csv"), "--markdown", Path.Combine(folder, "a.md"), "--plot", Path.Combine(folder, "plots")];
            Assert.Equal(0, SimulateCommand.Create().Parse(line).Invoke());
            var rows = File.ReadAllLines(Path.Combine(folder, "a.csv"));
            Assert.Equal(1 + 4, rows.Length);
            Assert.All(rows, row => Assert.Equal(rows[0].Split(',').Length, row.Split(',').Length));
            Assert.Equal(2 + 4, File.ReadAllLines(Path.Combine(folder, "a.md")).Length);
            var plots = Directory.GetFiles(Path.Combine(folder, "plots")).Select(Path.GetFileName).Order(StringComparer.Ordinal);
            Assert.Equal(["frontier.svg", "latency.svg", "memory-lamps-0.5.svg", "memory-lamps-1.svg", "memory-vllm-0.5.svg", "memory-vllm-1.svg", "wait-p99.svg", "wait.svg"], plots);
            foreach (var plot in Directory.GetFiles(Path.Combine(folder, "plots")))
                Assert.Equal("svg", XDocument.Load(plot).Root!.Name.LocalName);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
