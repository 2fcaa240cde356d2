using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>What a policy may do beyond giving a score.</summary>
public sealed class PolicySeamTests
{
    [Fact]
    public void Preemptive_policy_takes_the_place_of_the_last_in_rank()
    {
        var story = new WorkerStory(maxSequences: 2) { Core = { Ranking = new Shortest(PauseAction.Swap) } };
        var (middle, lengthy) = (story.Start("middle", 8, tokens: 50), story.Start("long", 8, tokens: 90));
        story.Steps(3);
        var brief = story.Start("brief", 8, tokens: 5);
        story.Step();

        Assert.Equal((SequencePhase.Running, SequencePhase.Waiting, SequencePhase.Running), (brief.Phase, lengthy.Phase, middle.Phase));
        Assert.Equal((0, 10, 1), (lengthy.DeviceTokens, lengthy.HostTokens, lengthy.Preemptions));
        story.End(brief);
        story.RunUntil(() => story.RanLast(lengthy));
        Assert.Equal(0, story.Core.Totals.RecomputedTokens);
    }

    [Fact]
    public void Displaced_request_may_keep_its_cache_until_memory_is_needed()
    {
        var story = new WorkerStory(kvBlocks: 16, maxSequences: 1) { Core = { Ranking = new Shortest(PauseAction.Preserve) } };
        var lengthy = story.Start("long", 20, tokens: 90);
        story.Steps(2);
        var brief = story.Start("brief", 8, tokens: 5);
        story.Step();
        Assert.Equal(21, lengthy.DeviceTokens);
        story.End(brief);

        var large = story.Start("large", 50, tokens: 1);
        story.Step();
        Assert.True(story.RanLast(large));
        Assert.True(lengthy.DeviceTokens < 21);
    }

    [Fact]
    public void Without_the_policys_leave_nobody_gives_way()
    {
        var story = new WorkerStory(maxSequences: 1) { Core = { Ranking = new Shortest(PauseAction.Swap, leaves: false) } };
        var lengthy = story.Start("long", 8, tokens: 90);
        story.Step();
        story.Start("brief", 8, tokens: 5);
        story.Steps(3);
        Assert.True(story.RanLast(lengthy));
    }

    [Fact]
    public void Parked_cache_that_its_policy_pins_stays_and_the_waiting_request_waits()
    {
        var story = new WorkerStory(kvBlocks: 16) { Core = { Pausing = new Pinned() } };
        var parked = story.RunUntilTool(story.Start("parked", 30));
        story.Start("waits", 50);
        story.Steps(3);
        Assert.Equal(30, parked.DeviceTokens);
        Assert.Empty(story.Plan.Batch);
    }

    [Fact]
    public void Observing_policy_hears_of_every_life_once()
    {
        var heard = new Listening();
        var story = new WorkerStory { Core = { Ranking = heard } };
        var slot = story.RunUntilTool(story.Start("a", 10));
        story.Return(slot);
        story.Steps(2);
        story.End(slot);
        Assert.Equal(["arrived a", "started a", "ended a after 3 tokens"], heard.Said);
        Assert.Equal(3, heard.Iterations);
    }

    private sealed class Shortest(PauseAction cache, bool leaves = true) : IPreemptivePolicy
    {
        public string Name => "shortest";

        public PauseAction CacheOfDisplaced => cache;

        public int Tier(in RankView request) => 0;

        public double Score(in RankView request, DeviceProfile device) => request.Forecast.TokensToPause.Mean;

        public bool MayGiveWay(in RankView running) => leaves;

        public string Explain(in RankView request, DeviceProfile device) => "";
    }

    private sealed class Pinned : IPausePolicy
    {
        public string Name => "pinned";

        public PauseDecision Decide(in PauseView pause) => new(PauseAction.Preserve, default, "return");

        public double EvictionRank(in CacheView cache) => double.NegativeInfinity;
    }

    private sealed class Listening : IRankingPolicy, IObservingPolicy
    {
        public List<string> Said { get; } = [];

        public int Iterations { get; private set; }

        public string Name => "listening";

        public double Score(in RankView request, DeviceProfile device) => request.ArrivalAt;

        public string Explain(in RankView request, DeviceProfile device) => "";

        public void Arrived(in RankView request, DeviceProfile device) => Said.Add($"arrived {request.Request}");

        public void Started(in RankView request) => Said.Add($"started {request.Request}");

        public void Ended(in RankView request) => Said.Add($"ended {request.Request} after {request.TotalGenerated} tokens");

        public void Iterated(in IterationView iteration) => Iterations++;
    }
}
