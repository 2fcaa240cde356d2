using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Fairness;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Fairness;

/// <summary>Tenants that wait share memory-time by their weights, and nobody is held back while nobody else waits.</summary>
public sealed class FairShareTests
{
    private static readonly double[] Weights = [1, 2, 5];

    [Fact]
    public void Tenants_that_always_wait_are_never_further_apart_than_the_slack_and_one_request() => Prop.ForAll(
        Gen.ListOf(Gen.Choose(1, 100), 300).ToArbitrary(), Gen.Choose(0, 500).ToArbitrary(), (sizes, slack) =>
        {
            var shares = new FairShare(tenant => Weights[tenant[0] - 'a']);
            var queue = new FairQueue(shares) { Slack = slack };
            var next = 0;
            foreach (var tenant in (string[])["a", "b", "c"])
            {
                shares.BeginToWait(tenant);
                for (var i = 0; i < 5; i++)
                    queue.Insert(Waiting(tenant, next++, sizes));
            }

            while (next < sizes.Count)
            {
                var turn = queue.First!;
                queue.Remove(turn);
                shares.Dispatched(turn.Request.Tenant);
                shares.Charge(turn.Request.Tenant, turn.Score);
                queue.Insert(Waiting(turn.Request.Tenant, next++, sizes));
                var used = ((string[])["a", "b", "c"]).Select(shares.Of).ToList();
                Assert.True(used.Max() - used.Min() <= slack + 100, $"{string.Join(", ", used)} with a slack of {slack}");
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void Who_was_away_brings_no_credit_and_who_was_alone_has_no_debt()
    {
        var shares = new FairShare(_ => 1);
        shares.BeginToWait("alone");
        for (var i = 0; i < 100; i++)
        {
            shares.Dispatched("alone");
            shares.Charge("alone", 10);
        }

        shares.BeginToWait("back");
        Assert.InRange(shares.Of("alone") - shares.Of("back"), 0, 10);
    }

    [Fact]
    public void What_was_expected_too_high_is_given_back()
    {
        var shares = new FairShare(_ => 1);
        shares.Expect("a", 1000);
        Assert.Equal(1000, shares.Of("a"));
        shares.ForgetExpected();
        shares.Charge("a", 30);
        Assert.Equal(30, shares.Of("a"));
    }

    [Fact]
    public void A_flood_of_one_tenant_does_not_keep_another_waiting()
    {
        var pool = Pool(new PoolLimits(FairSlackSeconds: 0));
        for (var i = 0; i < 100; i++)
            pool.Enqueue(Request($"flood{i:D3}", "big", i));
        pool.Report(Device(free: 100, report: 1), 0);
        pool.Dispatch(0);
        pool.Enqueue(Request("late", "small", 1000));
        pool.Report(Device(free: 100, report: 2, ("big", 5000)), 10); // what ran is done
        Assert.Equal("late", pool.Dispatch(10)[0].Request);
        pool.Enqueue(Request("later", "small", 1001));
        var (_, position, because) = pool.Explain("flood099")!.Value;
        Assert.Contains("tenant 'big' has used", because);
        Assert.Equal(0, pool.Explain("later")!.Value.Position); // by rank it were the last
        Assert.Equal(pool.WaitingCount - 1, position);
    }

    [Fact]
    public void Within_the_slack_rank_decides_alone()
    {
        var pool = Pool(new PoolLimits(FairSlackSeconds: 1e6));
        pool.Report(Device(free: 1, report: 1, ("big", 0)), 0);
        for (var i = 0; i < 10; i++)
            pool.Enqueue(Request($"r{i}", i % 2 == 0 ? "big" : "small", i));
        pool.Report(Device(free: 100, report: 2, ("big", 5000)), 0);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"r{i}"), pool.Dispatch(0).Select(turn => turn.Request));
    }

    [Fact]
    public void A_full_queue_lets_the_more_urgent_in_and_the_least_urgent_of_who_used_most_gives_way()
    {
        var pool = Pool(new PoolLimits(MaxQueued: 4));
        pool.Enqueue(Request("vip", "a", 0) with { Priority = -1 });
        pool.Enqueue(Request("first", "a", 1) with { Priority = 1 });
        pool.Enqueue(Request("second", "a", 2) with { Priority = 1 });
        pool.Enqueue(Request("back", "a", 3) with { Priority = 9, Segment = 1, Epoch = 2 });

        var refused = pool.Enqueue(Request("same", "a", 4) with { Priority = 1 });
        Assert.Equal((EnqueueKind.Refused, true), (refused.Kind, refused.RetryAfterSeconds >= 1));
        Assert.Empty(pool.TakeShed());
        Assert.Equal(EnqueueKind.Queued, pool.Enqueue(Request("urgent", "a", 5)).Kind);
        Assert.Equal("second", Assert.Single(pool.TakeShed()).Request); // never one that has been served
        Assert.Equal(4, pool.WaitingCount);
        Assert.Equal(EnqueueKind.Queued, pool.Enqueue(Request("returns", "a", 6) with { Segment = 2, Epoch = 3 }).Kind); // nor is one refused
    }

    [Fact]
    public void What_tenants_used_is_told_once_and_not_what_was_before_the_pool_began_to_look()
    {
        var pool = Pool(new PoolLimits());
        pool.Report(Device(free: 10, report: 7, ("a", 400)), 0);
        Assert.Empty(pool.TakeUsed());
        pool.Report(Device(free: 10, report: 8, ("a", 450), ("b", 7)), 1);
        pool.Report(Device(free: 10, report: 8, ("a", 450), ("b", 7)), 1); // came twice
        Assert.Equal([("a", 50.0), ("b", 7.0)], pool.TakeUsed().Select(use => (use.Tenant, use.KvTokenSeconds)));
        Assert.Empty(pool.TakeUsed());
        pool.Report(Device(free: 10, report: 1, ("a", 20)) with { Incarnation = 2 }, 2); // opened anew
        Assert.Equal([("a", 20.0)], pool.TakeUsed().Select(use => (use.Tenant, use.KvTokenSeconds)));
    }

    private static PoolCore Pool(PoolLimits limits) => new(limits, DeviceProfile.GptJ6bA100, new FcfsRanking(), new PredictionPriors());

    private static WaitingRequest Waiting(string tenant, int number, IReadOnlyList<int> sizes) =>
        new(Request($"r{number:D4}", tenant, number), SegmentForecastOf) { Score = sizes[number], Tier = 1 };

    private static SegmentForecast SegmentForecastOf { get; } = new SegmentPredictor(new PredictionPriors()).Forecast(Request("any", "a", 0));

    private static RequestDescriptor Request(string name, string tenant, double arrivedAt) =>
        new(name, 1, tenant, 0, arrivedAt, arrivedAt, 0, 50, 100, null, 0, ToolUse.Server);

    private static WorkerSnapshot Device(int free, long report, params (string Tenant, double KvTokenSeconds)[] used) => new(
        "w", "silo", "cpu0", "spark", 1, report, WorkerState.Active, new KvUse(10, 1, 100, free, 0, 0, 0), 8, 100_000, 0.01, 100,
        [], new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100,
        Tenants: [.. used.Select(one => new TenantUse(one.Tenant, one.KvTokenSeconds, 0, 0))]);
}
