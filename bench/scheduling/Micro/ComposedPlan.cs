using BenchmarkDotNet.Attributes;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Worker;

namespace Pharos.Bench.Scheduling.Micro;

/// <summary>
/// What composing a batch by density costs beside admitting by rank: 1,600 sequences run or wait, and the device holds a tenth of them. One operation is
/// <see cref="WorkerCore.Plan"/> and <see cref="WorkerCore.Commit"/>.
/// </summary>
[MemoryDiagnoser, MedianColumn, InvocationCount(Operations, unrollFactor: 1)]
public class ComposedPlan
{
    private const int Operations = 128, Candidates = 1600, Device = 160, BlockSize = 16;
    private static readonly DeviceProfile Profile = DeviceProfile.GptJ6bA100;
    private WorkerCore core = null!;
    private double now;

    [Params("rank", "density", "density-int8", "apt-serve")]
    public string Batch { get; set; } = "";

    [IterationSetup]
    public void Fill()
    {
        core = new WorkerCore(new WorkerLimits(BlockSize, Device * 40, Device * 40, 384, 256, 384, LoadsAhead: true), Profile, RankingPolicies.Find("pharos"), new LazyPause())
        {
            Composition = Batch switch
            {
                "density" => BatchComposition.Density,
                "density-int8" => BatchComposition.Density with { Compact = CacheForm.Int8, RebuildSeconds = 1e-7 },
                "apt-serve" => BatchComposition.Published with { Compact = CacheForm.Hidden, RebuildSeconds = 1e-6 },
                _ => null,
            },
        };
        now = 0;
        var dice = new Random(1);
        var lengths = FadingHistogram.OfTokens();
        for (var i = 0; i < 1000; i++)
            lengths.Add(Math.Exp(5 + dice.NextDouble() * 2));
        var length = lengths.Curve();
        for (var i = 0; i < Candidates; i++)
        {
            core.Admit(new SequenceStart($"r{i}", 1, now, 0, 400 + dice.Next(200), 400, new SegmentForecast(
                length.Beyond(0), dice.NextDouble(), "tool", Estimate.Exactly(1), 20, Estimate.Exactly(dice.Next(400)), new Outlook(2, 3, 40, 1000), length)), now);
        }

        for (var i = 0; i < 300; i++)
            Step(); // the device is full, lists have grown to their size
    }

    [Benchmark]
    public IterationPlan PlanAndCommit() => Step();

    private IterationPlan Step()
    {
        var plan = core.Plan(now);
        var seconds = Profile.IterationSeconds(plan.Tokens, plan.ContextTokens);
        now += seconds;
        core.Commit(seconds);
        return plan;
    }
}
