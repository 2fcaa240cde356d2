using System.Text.Json;
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
        new SimulationReport("single", 2, 1, json: true, output).Write("lamps", result);
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
}
