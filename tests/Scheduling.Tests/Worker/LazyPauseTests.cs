using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>Caches that stay until their memory is needed, and go by blocks: which, where to, and back.</summary>
public sealed class LazyPauseTests
{
    [Fact]
    public void Idle_link_mirrors_a_parked_cache_and_giving_it_up_then_copies_nothing()
    {
        var story = new WorkerStory(kvBlocks: 16, pause: "pharos");
        var parked = story.RunUntilTool(story.Start("parked", 30), expectedSeconds: 60);
        story.Step();
        Assert.Equal(8, story.Plan.Copies.Count(copy => copy.To == KvTier.Host)); // all of it, from its end on
        Assert.Equal((30, 0), (parked.DeviceTokens, parked.HostTokens)); // and it stays

        story.Start("needy", 50);
        story.Step();
        Assert.Empty(story.Plan.Copies);
        Assert.Equal((12, 18), (parked.DeviceTokens, parked.HostTokens));
        Assert.Equal(PauseAction.Swap, Assert.Single(story.Revisions).Revision.Decision);
    }

    [Fact]
    public void Partly_evicted_cache_brings_back_only_what_is_gone_and_computes_nothing_again()
    {
        var story = new WorkerStory(kvBlocks: 16, pause: "pharos");
        var parked = story.RunUntilTool(story.Start("parked", 30), expectedSeconds: 60);
        var needy = story.Start("needy", 50);
        story.Step();
        story.End(needy);

        story.Return(parked);
        story.Step();

        Assert.Equal(5, story.Plan.Copies.Count(copy => copy.To == KvTier.Device)); // blocks 3 to 7 of 8
        Assert.True(story.RanLast(parked));
        Assert.Equal((30, 0L), (parked.CachedAtStart, story.Core.Totals.RecomputedTokens));
    }

    [Fact]
    public void Mirrors_outlive_the_return_and_only_new_blocks_are_mirrored_at_the_next_pause()
    {
        var story = new WorkerStory(pause: "pharos");
        var slot = story.RunUntilTool(story.Start("a", 32), expectedSeconds: 60);
        story.Step(); // 8 full blocks
        story.Return(slot, tokens: 4);
        story.RunUntil(() => story.Generated(slot) == 1);
        story.Park(slot, 60);
        story.Step();

        Assert.Equal(2, story.Plan.Copies.Count); // of 37 tokens: the ninth block and the tenth
    }

    [Fact]
    public void Cache_that_is_expected_back_at_once_is_left_alone_and_the_newcomer_waits()
    {
        var story = new WorkerStory(kvBlocks: 16, pause: "pharos", profile: WorkerStory.FastLink with { SwapTokensPerSecond = 1000 });
        story.Start("runs", 4);
        var parked = story.RunUntilTool(story.Start("parked", 30), expectedSeconds: 0.01);
        var newcomer = story.Start("newcomer", 50);
        story.Step();
        Assert.Equal((30, SequencePhase.Waiting), (parked.DeviceTokens, newcomer.Phase));
    }

    [Fact]
    public void Full_host_tier_drops_the_farthest_return_for_a_nearer_one_and_never_the_other_way_round()
    {
        var story = new WorkerStory(kvBlocks: 24, hostBlocks: 8, pause: "pharos");
        var far = story.RunUntilTool(story.Start("far", 32), expectedSeconds: 600);
        var near = story.RunUntilTool(story.Start("near", 32), expectedSeconds: 60);
        story.Steps(3); // the farthest is mirrored first, and fills the host
        var needy = story.Start("needy", 95); // all there is
        story.Step();

        Assert.Equal((0, 32), (near.DeviceTokens, near.HostTokens));
        Assert.Equal((0, 0), (far.DeviceTokens, far.HostTokens));
        story.End(needy);
        story.Return(far);
        story.RunUntil(() => story.Generated(far) == 1);
        Assert.Equal(32, story.Core.Totals.RecomputedTokens);
    }

    [Fact]
    public void Preempted_sequence_keeps_what_it_can_in_the_host_tier()
    {
        var story = new WorkerStory(kvBlocks: 10, hostBlocks: 3, pause: "pharos");
        story.Start("first", 16);
        var second = story.Start("second", 16);
        story.RunUntil(() => second.Preemptions == 1);
        Assert.Equal((0, 12), (second.DeviceTokens, second.HostTokens)); // three blocks, from the front on
    }

    [Theory]
    [InlineData(5, 0.11, true)] // a reload of 100 tokens takes 10 ms: ten times that is 0.1 s
    [InlineData(5, 0.09, false)]
    [InlineData(0.05, 0.01, false)]
    public void Patience_is_ten_reloads(double waited, double left, bool mayGo)
    {
        var device = new DeviceProfile(1e-2, 1e-3, 0, 64, 10_000);
        var cache = new CacheView("a", 0, 0, waited, 100, 100, 0, new("tool", 1, default, 0, 0, 0, 0), device) { ReturnAt = waited + left };
        Assert.Equal(mayGo, !double.IsNegativeInfinity(new LazyPause().EvictionRank(cache)));
        Assert.Equal(waited + left, new LazyPause().EvictionRank(cache with { Urgent = true })); // a running sequence would lose its place
    }
}
