using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Pharos.Bench.Scheduling.Micro;

/// <summary><c>micro</c>: what one decision costs, in time and memory, with BenchmarkDotNet.</summary>
internal static class MicroCommand
{
    public static Command Create()
    {
        var filter = new Option<string>("--filter") { Description = "benchmarks by name, * for any part", DefaultValueFactory = _ => "*" };
        var command = new Command("micro", "Measure single decisions of the cores: median time and memory allocated.") { filter };
        command.SetAction(parsed =>
        {
            // In this process: a project of its own for every run would build the whole tree again.
            var config = DefaultConfig.Instance
                .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(5).WithIterationCount(15))
                .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "pharos-micro"));
            return BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(["--filter", parsed.GetValue(filter)!], config).Any() ? 0 : 1;
        });
        return command;
    }
}
