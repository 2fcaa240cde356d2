using BenchmarkDotNet.Attributes;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Worker;

namespace Pharos.Bench.Scheduling.Micro;

/// <summary>
/// What it costs a worker to decide on an iteration: 256 sequences decode, 10,000 wait, the device is full, a hundred parked caches could be
/// taken. One operation is <see cref="WorkerCore.Plan"/> and <see cref="WorkerCore.Commit"/>; contexts grow by 256 tokens in it.
/// </summary>
[MemoryDiagnoser, MedianColumn, InvocationCount(Operations, unrollFactor: 1)]
public class WorkerPlan
{
    private const int Operations = 512, Running = 256, Waiting = 10_000, Parked = 100, BlockSize = 16;
    private WorkerCore core = null!;
    private double now;

    [Params("pharos", "pharos-bounded", "lamps", "fcfs")]
    public string Policy { get; set; } = "";

    [IterationSetup]
    public void Fill()
    {
        var profile = DeviceProfile.GptJ6bA100;
        var blocks = Running * 80 + Parked * 20;
        IPausePolicy pausing = Policy.StartsWith("pharos", StringComparison.Ordinal) ? new LazyPause() : new LeastWastePause();
        core = new WorkerCore(new WorkerLimits(BlockSize, blocks, blocks, 384, Running, 384, LoadsAhead: true), profile, RankingPolicies.Find(Policy), pausing);
        now = 0;
        var dice = new Random(1);
        foreach (var slot in Enumerable.Range(0, Parked).Select(i => Start(i, 100 + dice.Next(200), 100, dice)).ToList())
        {
            while (slot.Length == slot.SegmentStart)
                Step();
            core.Park(slot, "call", new ToolForecast("tool", 9, Estimate.Exactly(1000), 1000, 1000, 1000, 10), now);
        }

        for (var i = 0; i < Running; i++)
            Start(500 + i, 100 + dice.Next(200), 1, dice);
        while (core.Running < Running)
            Step();
        for (var i = 0; i < Waiting; i++)
            Start(1000 + i, 100 + dice.Next(1000), 10 + dice.Next(500), dice);
        for (var i = 0; i < 100; i++)
            Step(); // lists have grown to their size, parked caches are mirrored
    }

    [Benchmark]
    public IterationPlan PlanAndCommit() => Step();

    private IterationPlan Step()
    {
        var plan = core.Plan(now);
        var seconds = DeviceProfile.GptJ6bA100.IterationSeconds(plan.Tokens, plan.ContextTokens);
        now += seconds;
        core.Commit(seconds);
        return plan;
    }

    private SequenceSlot Start(int id, int prompt, int tokens, Random dice) => core.Admit(
        new SequenceStart($"r{id}", 1, now, 0, prompt, prompt, new SegmentForecast(
            Estimate.Exactly(tokens), dice.NextDouble(), "tool", Estimate.Exactly(1), 20, Estimate.Exactly(dice.Next(400)), new Outlook(2, 3, 40, 1000))), now);
}
