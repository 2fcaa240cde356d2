using System.CommandLine;
using Pharos.Bench.Scheduling.Compare;
using Pharos.Bench.Scheduling.Composed;
using Pharos.Bench.Scheduling.Micro;
using Pharos.Bench.Scheduling.Predict;
using Pharos.Bench.Scheduling.Slo;

// What the scheduler decides, and what it costs. Each subcommand prints a table and says how to run it:
//   dotnet run -c Release --project bench/scheduling -- --help
var root = new RootCommand("Measures the scheduler's decisions in virtual time.")
{
    CompareCommand.Create(), PredictCommand.Create(), PredictTextCommand.Create(), MicroCommand.Create(), SloCommand.Create(), ComposedCommand.Create(),
};
return root.Parse(args).Invoke();
