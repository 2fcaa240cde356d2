using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Tests.Worker;

namespace Pharos.Scheduling.Tests.Ranking;

public sealed class PharosBoundedTests
{
    private static readonly DeviceProfile Device = new(1e-2, 1e-4, 0, 100, 1e6);

    [Fact]
    public void Large_new_requests_stand_behind_small_ones_in_order_of_arrival_until_they_are_started()
    {
        var policy = new PharosBoundedRanking(new BoundedOptions(LeastShare: 0.5, MostShare: 0.5));
        Fill(policy, small: 90, large: 10);
        var (small, early, late) = (Request("s", 1, 20), Request("l1", 2, 2000), Request("l2", 3, 1900));
        foreach (var request in new[] { small, early, late })
            policy.Arrived(request, Device);
        Iterate(policy, 4);

        Assert.True(policy.Tier(small) < policy.Tier(early));
        Assert.True(policy.Score(early, Device) < policy.Score(late, Device)); // the smaller one came later
        Assert.Contains("in order of arrival", policy.Explain(early, Device));

        policy.Started(early);
        Assert.Equal(policy.Tier(small), policy.Tier(early with { RanAt = 4 }));
    }

    [Fact]
    public void More_requests_are_large_when_the_oldest_large_one_has_waited_for_long()
    {
        var policy = new PharosBoundedRanking(new BoundedOptions(LeastShare: 0.2, MostShare: 0.95, DelaySeconds: 100));
        for (var i = 0; i < 90; i++)
            policy.Arrived(Request($"old{i}", 0, i % 3 == 0 ? 10 : i % 3 == 1 ? 300 : 1500), Device);
        for (var i = 0; i < 90; i++)
            policy.Started(Request($"old{i}", 0, 1));
        var (large, middle) = (Request("large", 0, 3000), Request("middle", 0, 310));
        policy.Arrived(large, Device);
        policy.Arrived(middle, Device);
        Iterate(policy, 1);
        var early = policy.Tier(middle);
        Iterate(policy, 1000);
        Assert.True(policy.Tier(middle) > early);
    }

    [Fact]
    public void Whoever_has_used_half_of_what_was_promised_goes_first_while_the_load_is_sustainable()
    {
        var policy = new PharosBoundedRanking(new BoundedOptions(MostSlowdown: 10, LeastAloneSeconds: 1, SustainableLoad: 5));
        Fill(policy, small: 90, large: 10);
        var request = Request("a", 0, 10); // 0.1 s alone: counts as 1 s, so 10 s are promised
        policy.Arrived(request, Device);
        Iterate(policy, 0.5);
        Assert.Equal(PromiseMode.Promise, policy.Promise.Mode);
        Assert.Equal(2, policy.Tier(request with { Now = 4.9 }));
        Assert.Equal(1, policy.Tier(request with { Now = 5.1 }));
        Assert.Equal(2, policy.Tier(request with { Now = 5.1, ToolSeconds = 1 })); // its tool's time is not ours
    }

    [Fact]
    public void Broken_promise_is_counted_and_one_that_was_not_given_is_none()
    {
        var policy = new PharosBoundedRanking(new BoundedOptions(MostSlowdown: 10, LeastAloneSeconds: 1));
        var late = Request("late", 0, 10) with { RanAt = 1, TotalGenerated = 10, CachedTokens = 20, Now = 9.9 };
        policy.Ended(late with { IsDone = true });
        Assert.Equal((1, 0), (policy.Promise.Kept, policy.Promise.Violations));
        policy.Ended(late with { Now = 10.1, IsDone = true });
        Assert.Equal((1, 1), (policy.Promise.Kept, policy.Promise.Violations));

        for (var i = 0; i < 20_000; i++)
            policy.Arrived(Request($"r{i}", 20, 500), Device); // far more than the device can do
        Iterate(policy, 20);
        Assert.NotEqual(PromiseMode.Promise, policy.Promise.Mode);
        policy.Ended(late with { ArrivalAt = 15, Now = 500, IsDone = true });
        Assert.Equal((1, 1), (policy.Promise.Kept, policy.Promise.Violations));
    }

    [Fact]
    public void One_that_goes_away_in_the_middle_has_its_promise_measured_against_all_it_was_to_do()
    {
        var policy = new PharosBoundedRanking(new BoundedOptions(MostSlowdown: 10, LeastAloneSeconds: 1));
        var half = Request("half", 0, 500) with { RanAt = 1, TotalGenerated = 10, CachedTokens = 20, Now = 20 }; // 5 s alone, in all
        policy.Ended(half);
        policy.Ended(half with { IsDone = true });
        Assert.Equal((0, 1), (policy.Promise.Kept, policy.Promise.Violations));
    }

    [Fact]
    public void Load_that_a_few_requests_leave_in_doubt_promises_nothing()
    {
        var (few, many) = (new PharosBoundedRanking(), new PharosBoundedRanking());
        Iterate(few, 0);
        Iterate(many, 0);
        for (var i = 0; i < 100; i++)
        {
            if (i % 50 == 0)
                few.Arrived(Request($"f{i}", i, 9000), Device); // 41 s of the device
            many.Arrived(Request($"m{i}", i, 1000), Device); // 0.6 s
        }

        Iterate(few, 100);
        Iterate(many, 100);
        Assert.True(few.Promise.Load < 0.9 && few.Promise.Load + few.Promise.LoadDeviation > 0.9, $"{few.Promise}");
        Assert.Equal(PromiseMode.Order, few.Promise.Mode);
        Assert.Equal(PromiseMode.Promise, many.Promise.Mode);
    }

    [Fact]
    public void Whoever_the_queue_before_promised_nothing_is_promised_nothing_here()
    {
        var policy = new PharosBoundedRanking(new BoundedOptions(MostSlowdown: 10, LeastAloneSeconds: 1));
        var (early, late) = (Request("early", 50, 10) with { Now = 99 }, Request("late", 70, 10) with { Now = 99 });
        policy.Follow(policy.Promise with { WithdrawnAt = 60, Load = 0.5 });
        Assert.Equal((2, 1), (policy.Tier(early), policy.Tier(late)));
        policy.Follow(policy.Promise with { WithdrawnAt = 99, Load = 1.5 });
        Iterate(policy, 100);
        Assert.NotEqual(PromiseMode.Promise, policy.Promise.Mode); // nothing that it measures itself gives it back
    }

    [Fact]
    public void Switched_in_while_requests_wait_it_knows_them_and_promises_them_nothing()
    {
        var story = new WorkerStory(kvBlocks: 16, maxSequences: 1, rank: "fcfs");
        story.Start("runs", 8, tokens: 1000);
        story.Step();
        var large = story.Start("large", 40, tokens: 500);
        for (var i = 0; i < 20; i++)
            story.Start($"small{i}", 8, tokens: 5);
        var policy = new PharosBoundedRanking(new BoundedOptions(LeastShare: 0.5, MostShare: 0.5, MostSlowdown: 1, LeastAloneSeconds: 0.001));
        story.Core.Ranking = policy;
        story.Wait(1);
        story.Steps(15);

        Assert.True(policy.Promise.WithdrawnAt >= 0);
        Assert.Equal(PromiseMode.Promise, policy.Promise.Mode); // they are no part of the load that it sees come
        Assert.Equal(3, large.Tier);
        Assert.All(story.Core.Sequences.Where(slot => slot.Request.StartsWith("small", StringComparison.Ordinal)), slot => Assert.Equal(2, slot.Tier));
    }

    [Fact]
    public void Beyond_a_sustainable_load_a_large_request_is_told_a_long_wait_and_shed_where_configured()
    {
        foreach (var sheds in (bool[])[false, true])
        {
            var policy = new PharosBoundedRanking(new BoundedOptions(DelaySeconds: 100, Sheds: sheds));
            for (var i = 0; i < 2000; i++)
                policy.Arrived(Request($"r{i}", 0.1 * i, i % 5 == 0 ? 1000 : 50), Device);
            Iterate(policy, 200);
            var (large, small) = (Request("large", 200, 1000), Request("small", 200, 10));
            Assert.True(policy.EstimateWait(large, Device) > 100);
            Assert.True(policy.EstimateWait(small, Device) < 1);
            Assert.Equal(sheds, policy.Sheds(large, Device));
            Assert.False(policy.Sheds(small, Device));
        }
    }

    [Fact]
    public void Cut_is_the_least_size_of_those_that_hold_the_share()
    {
        var history = new SizeHistory(capacity: 200);
        Assert.Equal(double.PositiveInfinity, history.Cut(0.5));
        for (var i = 0; i < 1000; i++)
            history.Add(i % 2 == 0 ? 1 : 3); // the threes hold three quarters
        Assert.Equal(3, history.Cut(0.7));
        Assert.Equal(1, history.Cut(0.8));
    }

    private static void Fill(PharosBoundedRanking policy, int small, int large)
    {
        for (var i = 0; i < small + large; i++)
        {
            var request = Request($"old{i}", 0, i % ((small + large) / large) == 0 ? 1500 : 20);
            policy.Arrived(request, Device);
            policy.Started(request);
        }
    }

    private static void Iterate(PharosBoundedRanking policy, double now)
    {
        for (var i = 0; i < 10; i++)
            policy.Iterated(new IterationView(now, 0.01, 100, 0, 5000, 10_000, 3));
    }

    private static RankView Request(string name, double arrivalAt, double tokens) =>
        new(arrivalAt, 10, 0, 0, new SegmentForecast(Estimate.Exactly(tokens), 0, null, default, 0, default)) { Request = name, Now = arrivalAt, QueuedAt = arrivalAt };
}
