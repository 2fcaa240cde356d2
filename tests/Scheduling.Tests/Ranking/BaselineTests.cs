using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Tests.Worker;

namespace Pharos.Scheduling.Tests.Ranking;

/// <summary>What each published policy is known by: who goes first and why, who gives way, and when a cache is let go.</summary>
public sealed class BaselineTests
{
    private static readonly DeviceProfile Device = WorkerStory.FastLink;

    [Fact]
    public void Ssjf_serves_the_shorter_first_until_the_longer_has_waited_ten_times_its_service()
    {
        var ssjf = new SsjfRanking();
        var (brief, lengthy) = (Waits(tokens: 10, queuedAt: 0), Waits(tokens: 1000, queuedAt: 0)); // a token takes 1.1 ms
        Assert.True(ssjf.Score(brief, Device) < ssjf.Score(lengthy, Device));
        var later = Waits(tokens: 10, queuedAt: 30) with { ArrivalAt = 30 };
        Assert.True(ssjf.Score(lengthy with { Now = 30.1 }, Device) < ssjf.Score(later with { Now = 30.1 }, Device));
        Assert.Contains("waited long", ssjf.Explain(lengthy with { Now = 30 }, Device), StringComparison.Ordinal);
    }

    [Fact]
    public void Srpt_takes_the_place_of_a_young_longer_request_and_leaves_an_old_one_alone()
    {
        var story = Story(new SrptRanking());
        var lengthy = story.Start("long", 8, tokens: 50);
        story.Steps(10);
        var brief = story.Start("brief", 8, tokens: 5);
        story.Step();
        Assert.True(story.RanLast(brief));
        Assert.Equal((SequencePhase.Waiting, 0), (lengthy.Phase, lengthy.DeviceTokens)); // its cache is computed again
        story.End(brief);

        story.RunUntil(() => story.Generated(lengthy) >= 41); // past 0.8 of its 50
        story.Start("late", 8, tokens: 1);
        story.Step();
        Assert.True(story.RanLast(lengthy));
    }

    [Fact]
    public void Srpt_thinks_over_what_is_left_with_every_token()
    {
        var srpt = new SrptRanking();
        Assert.Equal(15, Math.Round(srpt.Score(Waits(tokens: 10), Device))); // 10, and half a chance of 10 after a call
        Assert.True(srpt.Score(Waits(tokens: 100, generated: 95), Device) < srpt.Score(Waits(tokens: 100, generated: 90), Device));
        Assert.True(srpt.Score(Waits(tokens: 10, generated: 200), Device) > srpt.Score(Waits(tokens: 10, generated: 20), Device)); // outlived its forecast
    }

    [Fact]
    public void Ltr_lifts_who_was_idle_for_long_and_only_for_a_few_iterations()
    {
        var story = Story(new LtrRanking(idleIterations: 20, liftedIterations: 3));
        var lengthy = story.Start("long", 8, tokens: 90);
        story.Step();
        var brief = story.Start("brief", 8, tokens: 5);
        story.Step();
        Assert.True(story.RanLast(brief)); // preempted by rank
        story.RunUntil(() => story.RanLast(lengthy), within: 40);
        Assert.Equal(SequencePhase.Waiting, brief.Phase);
        story.RunUntil(() => story.RanLast(brief), within: 10);
        Assert.InRange(story.Generated(lengthy), 2, 6);
    }

    [Fact]
    public void Fastserve_lets_a_request_down_as_it_is_served_and_swaps_it_out_for_a_fresh_one()
    {
        var story = Story(new FastServeRanking());
        var first = story.Start("first", 8, tokens: 90);
        story.Steps(40); // 44 ms of service: below the first quanta of 10 and 20 ms
        var fresh = story.Start("fresh", 8, tokens: 900); // longer, but nobody knows
        story.Step();
        Assert.True(story.RanLast(fresh));
        Assert.True(first.HostTokens > 0);
        story.RunUntil(() => story.RanLast(first)); // fresh has come down to its level and came later
        Assert.Equal(0, story.Core.Totals.RecomputedTokens);
    }

    [Fact]
    public void Fastserve_joins_by_the_length_of_the_prompt_and_lifts_who_waited_for_three_seconds()
    {
        var policy = new FastServeRanking();
        var (small, large) = (Waits(context: 10), Waits(context: 2000) with { Request = "large" }); // 2 ms and 232 ms of prefill
        Assert.Equal(0, policy.Score(small, Device));
        Assert.Equal(5, policy.Score(large, Device)); // 10 ms x 2^5
        Assert.Equal(0, policy.Score(large with { Now = 3.1 }, Device));
    }

    [Fact]
    public void Continuum_serves_those_that_lost_their_place_then_kept_caches_then_programs_by_age()
    {
        var policy = new ContinuumRanking();
        var preempted = Waits() with { Preemptions = 1, ArrivalAt = 9 };
        var kept = Waits(cached: 20) with { ArrivalAt = 8 };
        var (old, recent) = (Waits() with { ArrivalAt = 1 }, Waits() with { ArrivalAt = 2 });
        Assert.Equal([0, 1, 2, 2], new[] { preempted, kept, old, recent }.Select(request => policy.Tier(request)));
        Assert.True(policy.Score(old, Device) < policy.Score(recent, Device));
    }

    [Fact]
    public void Kept_cache_is_nobody_elses_until_its_time_is_over_and_then_gone()
    {
        var story = new WorkerStory(kvBlocks: 16, maxSequences: 2, maxTokens: 64) { Core = { Ranking = new ContinuumRanking(), Pausing = new TimeToLivePause() } };
        var runs = story.Start("runs", 4, tokens: 900);
        var parked = story.RunUntilTool(story.Start("parked", 30), expectedSeconds: 0.0035); // computing it again takes 4 ms
        Assert.Equal(PauseAction.Preserve, parked.Receipt!.Decision);
        Assert.EndsWith(" s", parked.Receipt.Until, StringComparison.Ordinal);
        var waits = story.Start("waits", 40);
        story.Steps(2);
        Assert.Equal((30, false), (parked.DeviceTokens, story.RanLast(waits))); // pinned

        story.RunUntil(() => story.RanLast(waits), within: 40);
        Assert.Equal((0, 0), (parked.DeviceTokens, parked.HostTokens));
        Assert.True(runs.DeviceTokens > 0);
    }

    [Fact]
    public void Time_to_live_is_the_quantile_that_pays_and_zero_where_none_does()
    {
        var policy = new TimeToLivePause();
        Assert.Equal("5.00 s", policy.Decide(Pause(wait: 20, p50: 5, p90: 100, p99: 200)).Until); // 0.5 x 20 - 5 > 0.9 x 20 - 100
        Assert.Equal("8.00 s", policy.Decide(Pause(wait: 20, p50: 5, p90: 8, p99: 200)).Until);
        Assert.Equal(PauseAction.Discard, policy.Decide(Pause(wait: 0, p50: 60, p90: 70, p99: 80)).Action); // no wait to be saved, and a cheap reload

        static PauseView Pause(double wait, double p50, double p90, double p99) =>
            new(100, 0, new ToolForecast("t", 9, Estimate.Exactly(p50), p50, p90, p99, 4), Device, true) { ReturnWaitSeconds = wait };
    }

    [Fact]
    public void Thunderagent_pauses_the_smallest_program_under_pressure_and_resumes_the_smallest_first()
    {
        var story = new WorkerStory(kvBlocks: 20, maxSequences: 4) { Core = { Ranking = new ThunderAgentRanking(), Pausing = new SmallestFirstPause() } };
        var small = story.RunUntilTool(story.Start("small", 8));
        var large = story.RunUntilTool(story.Start("large", 40));
        story.Start("new", 40);
        story.Step();
        Assert.Equal((0, 0), (small.DeviceTokens, small.HostTokens)); // discarded, though the host has room
        Assert.Equal(40, large.DeviceTokens);
        var policy = new ThunderAgentRanking();
        Assert.True(policy.Score(Waits(context: 10), Device) < policy.Score(Waits(context: 20), Device));
    }

    [Fact]
    public void Autellix_serves_whom_it_served_least_over_all_calls_of_the_program()
    {
        var policy = new AutellixRanking();
        var (served, fresh) = (Waits() with { ServiceSeconds = 4, Segment = 3, ArrivalAt = 0 }, Waits() with { ArrivalAt = 9 });
        Assert.True(policy.Score(fresh, Device) < policy.Score(served, Device));
        Assert.Equal(policy.Score(served, Device), policy.Score(served with { ServiceSeconds = 4.5 }, Device)); // the same level
        Assert.True(policy.Score(served with { Now = 41 }, Device) < policy.Score(fresh, Device)); // waited ten times as long as it was served

        var story = Story(policy);
        var first = story.Start("first", 8, tokens: 900);
        story.RunUntil(() => story.Now > 0.3);
        var second = story.Start("second", 8, tokens: 900);
        story.Step();
        Assert.True(story.RanLast(second));
        Assert.True(first.HostTokens > 0);
    }

    [Fact]
    public void Autellix_gives_up_the_cache_used_least_recently()
    {
        var story = new WorkerStory(kvBlocks: 20, maxSequences: 4) { Core = { Ranking = new AutellixRanking(), Pausing = new LeastRecentPause() } };
        var older = story.RunUntilTool(story.Start("older", 20), expectedSeconds: 1);
        var newer = story.RunUntilTool(story.Start("newer", 20), expectedSeconds: 100);
        story.Start("new", 44);
        story.Step();
        Assert.True(older.DeviceTokens < 20);
        Assert.Equal(20, newer.DeviceTokens);
    }

    private static WorkerStory Story(IRankingPolicy ranking) =>
        new(maxSequences: 1) { Core = { Ranking = ranking, Pausing = new FixedPause(PauseAction.Discard) } };

    private static RankView Waits(double tokens = 10, int context = 20, int cached = 0, int generated = 0, double queuedAt = 0) =>
        new(queuedAt, context, cached, generated, WorkerStory.Forecast(tokens)) { Request = "r", Now = queuedAt, QueuedAt = queuedAt, DeviceTokens = cached };
}
