using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Tests.Migration;

public sealed class MigrationPlannerTests
{
    private const int Capacity = 10_000;
    private static readonly DeviceProfile Device = new(1e-2, 1e-4, 0, 512, 100_000);
    private static readonly MigrationPlanner Planner = new(new PlannerLimits());

    [Fact]
    public void Worker_that_drains_sends_its_parked_caches_away_and_lets_short_runs_end()
    {
        var plan = Planner.Plan(View(
            Worker("a", free: 0, state: Draining, sequences: [Running("short", 500, 2), Running("long", 500, 60), Parked("small", 100, 1), Parked("big", 900, 1)]),
            Worker("b", free: 8000, sequences: [Running("other", 2000, 3)]),
            Worker("c", free: 5000)));
        Assert.Equal([("big", "c"), ("small", "c"), ("long", "c")], plan.Moves.Select(move => (move.Request, move.To!)));
        Assert.All(plan.Moves, move => Assert.Equal(("a", MigrationReason.Drain), (move.From, move.Reason)));
        Assert.Equal("a is to be empty; c (0.0 s) has the least to serve of those with room", plan.Moves[0].Because);
    }

    [Fact]
    public void Worker_that_is_evacuated_waits_for_no_run_to_end()
    {
        var plan = Planner.Plan(View(
            Worker("a", free: 0, state: Draining, sequences: [Running("short", 500, 2), Parked("parked", 900, 1)]) with { IsUrgent = true }, Worker("b", free: 8000)));
        Assert.Equal([("parked", "b"), ("short", "b")], plan.Moves.Select(move => (move.Request, move.To!)));
    }

    [Fact]
    public void Cache_that_nobody_has_room_for_is_dropped_and_what_runs_stays()
    {
        var plan = Planner.Plan(View(
            Worker("a", free: 0, state: Draining, sequences: [Parked("p", 900, 1), Running("r", 900, 60)]), Worker("b", free: 100)));
        var move = Assert.Single(plan.Moves);
        Assert.Equal(("p", null), (move.Request, move.To));
        Assert.Contains("no other worker has room for 900 tokens", move.Because);
    }

    [Fact]
    public void What_waits_and_fits_nowhere_gets_its_room_by_the_smallest_move_that_makes_it()
    {
        var plan = Planner.Plan(View(
            3000,
            Worker("a", free: 2000, sequences: [Running("a1", 400, 9), Running("a2", 1200, 9), Running("a3", 6000, 9)]),
            Worker("b", free: 2600, sequences: [Running("b1", 300, 9), Running("b2", 700, 9), Running("b3", 5000, 9)])));
        var move = Assert.Single(plan.Moves, move => move.Reason == MigrationReason.Fragmentation);
        Assert.Equal(("b2", "b", "a"), (move.Request, move.From, move.To));
        Assert.Equal("3000 tokens wait and fit no worker; b lacks 401, a has 2000 free", move.Because);
    }

    [Fact]
    public void Balance_is_of_memory_time_and_parked_ones_move_first()
    {
        // One request of long life against many that are nearly done: by number, b would be the busy one.
        var plan = Planner.Plan(View(
            Worker("a", free: 4000, sequences: [Running("a1", 2000, 40), Parked("a2", 1500, 50), Running("a3", 100, 30)]),
            Worker("b", free: 6000, sequences: [.. Enumerable.Range(0, 20).Select(i => Running($"b{i:D2}", 50, 0.5))])));
        Assert.Equal([("a2", MigrationReason.Balance)], plan.Moves.Select(move => (move.Request, move.Reason)));
        var (before, after) = (plan.Workers[0].LoadSeconds - plan.Workers[1].LoadSeconds, Math.Abs(plan.Workers[0].LoadSecondsAfter - plan.Workers[1].LoadSecondsAfter));
        Assert.Equal(plan.Moves[0].GainSeconds, before - after, 9);
        Assert.StartsWith("a (15.8 s) has most to serve and b", plan.Moves[0].Because);
    }

    [Fact]
    public void Small_differences_are_no_reason_and_neither_are_moves_that_cost_more_than_they_bring()
    {
        var even = Planner.Plan(View(Worker("a", free: 5000, sequences: [Running("a1", 1000, 15)]), Worker("b", free: 5000)));
        Assert.Empty(even.Moves);
        Assert.Equal("what workers have to serve differs by 1.5 s at most", even.Because);
        var slow = Device with { SwapTokensPerSecond = 100 };
        var dear = Planner.Plan(View(Worker("a", free: 2000, device: slow, sequences: [Running("a1", 3000, 30), Running("a2", 3000, 30)]), Worker("b", free: 9000)));
        Assert.Empty(dear.Moves);
        Assert.Equal("nothing that a has would pay its way to b", dear.Because);
        Assert.Equal("there is no other worker that takes sequences", Planner.Plan(View(Worker("a", free: 1))).Because);
    }

    [Fact]
    public void Any_plan_fits_the_memory_gives_reasons_never_makes_the_balance_worse_and_comes_to_an_end()
    {
        var dice = Gen.Choose(0, 1_000_000).ListOf(80).ToArbitrary();
        Prop.ForAll(dice, rolls => Check([.. rolls])).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(5, 3));
    }

    private static void Check(List<int> dice)
    {
        var at = 0;
        int Roll(int below) => dice[at++ % dice.Count] % below;
        var workers = Enumerable.Range(0, 2 + Roll(4)).Select(i => Worker(
            $"w{i}", free: Roll(6000), state: Roll(4) == 0 ? Draining : Roll(6) == 0 ? "cordoned" : "active",
            sequences: [.. Enumerable.Range(0, Roll(8)).Select(j => Roll(2) == 0 ? Parked($"p{i}-{j}", Roll(1500), Roll(60)) : Running($"r{i}-{j}", 1 + Roll(1500), Roll(60)))])).ToArray();
        var view = View(Roll(2) * Roll(9000), workers);
        var plan = Planner.Plan(view);
        Assert.True(plan.Moves.Length <= 8);
        Assert.Equal(plan.Moves.Length, plan.Moves.Select(move => move.Request).Distinct().Count());
        Assert.All(plan.Moves, move => Assert.True(move.Because.Length > 0 && move.From != move.To && move.CopySeconds >= 0));
        Assert.All(plan.Moves.Where(move => move.To is not null), move => Assert.True(workers.Single(worker => worker.Worker == move.To).Takes));
        Assert.All(plan.Workers, worker => Assert.True(worker.FreeTokensAfter >= 0, $"{worker.Worker} would hold more than it has"));
        var balanced = plan.Moves.Where(move => move.Reason == MigrationReason.Balance).ToList();
        Assert.All(balanced, move => Assert.True(move.GainSeconds > 0));
        if (balanced.Count == plan.Moves.Length && balanced.Count > 0)
        {
            var active = plan.Workers.Where(worker => workers.Single(one => one.Worker == worker.Worker).Takes).ToList();
            Assert.True(Spread(active.Select(worker => worker.LoadSecondsAfter)) <= Spread(active.Select(worker => worker.LoadSeconds)) + 1e-9);
        }

        Assert.Equal(plan.Moves.AsEnumerable(), Planner.Plan(view).Moves); // the same view, the same plan
    }

    private static double Spread(IEnumerable<double> loads) => loads.Max() - loads.Min();

    private const string Draining = "draining";

    private static PlannerView View(params PlannerWorker[] workers) => new(workers, 0);

    private static PlannerView View(int wanted, params PlannerWorker[] workers) => new(workers, wanted);

    private static PlannerWorker Worker(string name, int free, string state = "active", DeviceProfile? device = null, MovableSequence[]? sequences = null) => new(
        name, state == "active", state == Draining, free, free + (sequences ?? []).Where(one => one.Phase == SequencePhase.Parked).Sum(one => one.CachedTokens),
        Capacity, Capacity, 64, device ?? Device, sequences ?? []);

    private static MovableSequence Running(string name, int tokens, double seconds) => new(name, 1, SequencePhase.Running, tokens, tokens, Load(tokens, seconds));

    private static MovableSequence Parked(string name, int tokens, double seconds) => new(name, 1, SequencePhase.Parked, tokens, tokens, Load(tokens, seconds));

    // It holds its tokens for so long.
    private static double Load(int tokens, double seconds) => tokens * seconds;
}
