using BenchmarkDotNet.Attributes;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;

namespace Pharos.Bench.Scheduling.Micro;

/// <summary>One decision of the pool while very many wait: a worker reports that it has room for one, and the first in rank gets its turn there.</summary>
[MemoryDiagnoser, MedianColumn]
public class PoolDecision
{
    private const int Workers = 8;
    private const double SecondsBetween = 0.03; // every score is a little older at each decision, as it is live
    private readonly WorkerSnapshot[] workers = new WorkerSnapshot[Workers];
    private PoolCore pool = null!;
    private RequestDescriptor[] requests = null!;
    private double now;
    private int turn;

    [Params(100_000)]
    public int Waiting { get; set; }

    [Params("fcfs", "lamps", "pharos")]
    public string Ranking { get; set; } = "";

    [GlobalSetup]
    public void Fill()
    {
        var dice = new Random(1);
        pool = new PoolCore(
            new PoolLimits(MaxQueued: int.MaxValue, Lookahead: 0, WorkerTimeout: 0.001), DeviceProfile.GptJ6bA100, RankingPolicies.Find(Ranking), new PredictionPriors());
        requests = new RequestDescriptor[Waiting];
        for (var i = 0; i < Waiting; i++)
        {
            requests[i] = new RequestDescriptor(
                $"r{i}", 1, "tenant", 0, i * 0.001, i * 0.001, 0, dice.Next(50, 3000), 1000, null, 0, ToolUse.Server);
            pool.Enqueue(requests[i], Forecast(dice));
        }

        now = Waiting * 0.001;
        for (var i = 0; i < Workers; i++)
        {
            workers[i] = new WorkerSnapshot(
                $"w{i}", "silo", "gpu0", "model", 1, 1, WorkerState.Active, new KvUse(16, 1, 3250, 200, 0, 0, 0), 1, 100_000, 0.03, 2000, [],
                new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100, 400_000);
        }
    }

    /// <summary>Report, decision, and the return of what was placed as a new request, so that as many wait as before.</summary>
    [Benchmark]
    public int Decide()
    {
        now += SecondsBetween;
        turn++;
        var worker = workers[turn % Workers];
        pool.Report(worker with { Report = turn + 1 }, now);
        var placed = pool.Dispatch(now);
        foreach (var placement in placed)
        {
            var request = requests[int.Parse(placement.Request.AsSpan(1))];
            request = requests[int.Parse(placement.Request.AsSpan(1))] = request with { Epoch = request.Epoch + 1, EnqueuedAt = now };
            pool.Enqueue(request, placement.Forecast);
        }

        return placed.Count;
    }

    [GlobalCleanup]
    public void Check()
    {
        if (pool.WaitingCount != Waiting)
            throw new InvalidOperationException($"{pool.WaitingCount} wait, not {Waiting}: something else was measured.");
    }

    private static SegmentForecast Forecast(Random dice) => new(
        Estimate.Exactly(dice.Next(5, 500)), dice.NextDouble(), "tool", Estimate.Exactly(10 * dice.NextDouble()), dice.Next(10, 200),
        Estimate.Exactly(dice.Next(5, 500)));
}
