using System.Diagnostics;
using Pharos.Simulator;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Bench.Scheduling.Compare;

/// <summary>Runs the cells that are missing, on several cores, until all are there or the time is up.</summary>
internal sealed class CellRunner(CellStore store, int jobs, TimeSpan limit)
{
    private readonly Stopwatch clock = Stopwatch.StartNew();

    /// <returns>Cells that are still missing.</returns>
    public int Run(IReadOnlyList<Cell> cells)
    {
        var missing = cells.Where(cell => store.Find(cell) is null).DistinctBy(cell => cell.Key).ToList();
        var (next, done) = (-1, 0);
        Parallel.For(0, jobs, new ParallelOptions { MaxDegreeOfParallelism = jobs }, _ =>
        {
            while (clock.Elapsed < limit)
            {
                var mine = Interlocked.Increment(ref next);
                if (mine >= missing.Count)
                    return;
                var result = Simulate(missing[mine]);
                store.Add(result);
                Console.Error.WriteLine($"{Interlocked.Increment(ref done)}/{missing.Count} {result.Key}: wait {result.Wait.Mean:F1} s, P99 {result.Wait.P99:F0} s, computed in {result.ComputedInSeconds:F1} s");
            }
        });
        return missing.Count - done;
    }

    private static CellResult Simulate(Cell cell)
    {
        var watch = Stopwatch.StartNew();
        var workload = MixtureWorkload.BuiltIn.Contains(cell.Workload) ? MixtureWorkload.Load(cell.Workload) : TraceReader.Read(cell.Workload);
        var arrivals = Arrivals.Poisson(workload, cell.Rate, cell.Seconds, cell.Seed);
        var device = SimulatedProfile.Find(cell.Machine.Profile).WithLink(cell.Machine.Gbps).Device;
        var result = Simulation.Run(new SimulationSetup(
            arrivals, cell.Seconds, SimulatedPolicies.Find(cell.Policy), PredictionKinds.Find(cell.Prediction, cell.Seed)(), device,
            cell.Machine.KvTokens, cell.Machine.HostTokens) { Workers = cell.Machine.Workers });
        return new CellResult(
            cell.Key, result.Requests.Count, result.FinishedInWindow, result.EndToEnd, result.Wait, result.TimeToFirstToken, result.Utilisation,
            result.RecomputedShare, result.IdleShare, result.Preemptions, result.StarvationViolations, watch.Elapsed.TotalSeconds, result.PromisesKept);
    }
}
