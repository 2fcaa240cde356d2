using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Pool;

/// <summary>The order of what waits, against a sort of everything.</summary>
public sealed class PoolOrderTests
{
    [Fact]
    public void Order_is_that_of_a_sort_of_all_whatever_came_and_went() =>
        Prop.ForAll(Steps().ToArbitrary(), steps => Follow(steps, new Grows(0))).Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    [Fact]
    public void Whose_score_grows_while_it_waits_stands_by_what_it_is_now_when_its_turn_could_come() =>
        Prop.ForAll(Steps().ToArbitrary(), steps => Follow(steps, new Grows(0.5))).Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    [Fact]
    public void Scores_that_nobody_asked_for_are_taken_anew_in_turn()
    {
        var ranking = new Grows(1);
        var pool = Pool(ranking);
        for (var i = 0; i < 5000; i++)
            pool.Enqueue(Request(i, tokens: 1 + i, at: 0));
        pool.Report(Snapshot(0, free: 0), 10);
        var before = ranking.Scored;
        pool.Dispatch(10);
        Assert.InRange(ranking.Scored - before, 1, 300); // not all 5000
        for (var i = 0; i < 5000 / 32 + 1; i++)
            pool.Dispatch(10);
        Assert.All(Enumerable.Range(0, 5000), i => Assert.Equal(1 + i + 10, pool.Explain($"r{i}")!.Value.Score));
    }

    // Each step: what happens, to whom, and how long the context is.
    private static Gen<(int What, int Who, int Tokens)[]> Steps() => Gen.ArrayOf(
        from what in Gen.Choose(0, 9) from who in Gen.Choose(0, 2000) from tokens in Gen.Choose(1, 60) select (what, who, tokens), 3000);

    private static void Follow((int What, int Who, int Tokens)[] steps, Grows ranking)
    {
        var pool = Pool(ranking);
        var waiting = new Dictionary<string, RequestDescriptor>();
        var now = 0.0;
        var report = 0;
        foreach (var (what, who, tokens) in steps)
        {
            now += 0.01;
            switch (what)
            {
                case 0:
                    pool.Withdraw($"r{who}");
                    waiting.Remove($"r{who}");
                    break;
                case 1:
                    now += 0.3; // long enough for all scores to age
                    pool.Report(Snapshot(++report, free: 20), now);
                    var sorted = waiting.Values.OrderBy(request => ranking.At(request, now)).ThenBy(request => request.ArrivalAt)
                        .ThenBy(request => request.Request, StringComparer.Ordinal).Select(request => request.Request).ToList();
                    var placed = pool.Dispatch(now).Select(placement => placement.Request).ToList();
                    Assert.Equal(sorted.Take(placed.Count), placed);
                    Assert.True(placed.Count > 0 || waiting.Count == 0 || Blocks(waiting[sorted[0]].ContextTokens + 1) > 20);
                    placed.ForEach(name => waiting.Remove(name));
                    break;
                default:
                    var request = Request(who, tokens, now) with { Epoch = report + 1 };
                    pool.Enqueue(request);
                    if (pool.Explain(request.Request) is not null && (!waiting.TryGetValue(request.Request, out var known) || known.Epoch < request.Epoch))
                        waiting[request.Request] = request;
                    break;
            }

            Assert.Equal(waiting.Count, pool.WaitingCount);
        }

        // No score has been taken anew for a while: places follow the scores that were taken last.
        var places = waiting.Keys.Select(name => pool.Explain(name)!.Value).OrderBy(place => place.Position).ToList();
        Assert.Equal(Enumerable.Range(0, waiting.Count), places.Select(place => place.Position));
        Assert.Equal(places.Select(place => place.Score).Order(), places.Select(place => place.Score));
    }

    private static PoolCore Pool(IRankingPolicy ranking) =>
        new(new PoolLimits(MaxQueued: int.MaxValue, WorkerTimeout: 0.2), DeviceProfile.GptJ6bA100, ranking, new PredictionPriors());

    private static int Blocks(int tokens) => (tokens + 9) / 10;

    private static RequestDescriptor Request(int name, int tokens, double at) =>
        new($"r{name}", 1, "tenant", 0, at, at, 0, tokens, 100, null, 0, ToolUse.None);

    // What was sent there before is over: each report frees what was promised.
    private static WorkerSnapshot Snapshot(int report, int free) => new(
        "a", "silo", "cpu0", "spark", report + 1, report + 1, WorkerState.Active, new KvUse(10, 1, 100, free, 0, 0, 0), 1000, 100_000, 0.01, 100, [],
        new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100);

    /// <summary>Context tokens, and so much more for each second that it waits.</summary>
    private sealed class Grows(double perSecond) : IRankingPolicy
    {
        public int Scored { get; private set; }

        public string Name => "grows";

        public double Score(in RankView request, DeviceProfile device)
        {
            Scored++;
            return request.ContextTokens + perSecond * (request.Now - request.QueuedAt);
        }

        public double At(RequestDescriptor request, double now) => request.ContextTokens + perSecond * (now - request.EnqueuedAt);

        public string Explain(in RankView request, DeviceProfile device) => "";
    }
}
