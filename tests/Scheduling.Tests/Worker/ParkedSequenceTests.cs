using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Tests.Worker;

public sealed class ParkedSequenceTests
{
    [Fact]
    public void Preserved_cache_gives_up_as_many_blocks_from_its_end_as_a_waiting_request_needs()
    {
        var story = new WorkerStory(kvBlocks: 16);
        var weather = story.RunUntilTool(story.Start("weather", prompt: 30), expectedSeconds: 30);
        Assert.Equal(8, weather.DeviceTokens / 4 + 1);

        var summary = story.Start("summary", prompt: 50);
        story.Step();

        Assert.Equal(SequencePhase.Running, summary.Phase);
        Assert.Equal((12, 18), (weather.DeviceTokens, weather.HostTokens)); // 13 of 16 blocks went to the summary
        var (request, revision) = Assert.Single(story.Revisions);
        Assert.Equal("weather", request);
        Assert.Equal(PauseAction.Swap, revision.Decision);
        Assert.Equal("memory needed by summary", revision.Because);
    }

    [Fact]
    public void Preserved_cache_is_kept_when_giving_it_up_would_not_be_enough()
    {
        var story = new WorkerStory(kvBlocks: 16);
        var weather = story.RunUntilTool(story.Start("weather", prompt: 14));
        var running = story.Start("running", prompt: 30);
        story.Step();

        story.Start("huge", prompt: 60);
        story.Steps(5);

        Assert.Equal(14, weather.DeviceTokens);
        Assert.Empty(story.Revisions);
        Assert.Equal(SequencePhase.Running, running.Phase);
    }

    [Fact]
    public void Farthest_return_is_evicted_first()
    {
        var story = new WorkerStory(kvBlocks: 16);
        var soon = story.RunUntilTool(story.Start("soon", prompt: 14), expectedSeconds: 1);
        var late = story.RunUntilTool(story.Start("late", prompt: 14), expectedSeconds: 60);

        story.Start("new", prompt: 36);
        story.Step();

        Assert.Equal(14, soon.DeviceTokens);
        Assert.Equal(12, late.DeviceTokens); // one block was missing
    }

    [Fact]
    public void Swap_copies_the_blocks_out_and_back_and_recomputes_nothing()
    {
        var story = new WorkerStory(pause: "swap");
        var slot = story.RunUntilTool(story.Start("a", prompt: 30));
        Assert.Equal((0, 30), (slot.DeviceTokens, slot.HostTokens));
        story.Step();
        Assert.Equal(8, story.Plan.Copies.Count);
        Assert.Empty(story.Plan.Batch);

        story.Return(slot);
        story.Step();

        Assert.Equal(8, story.Plan.Copies.Count);
        Assert.True(story.RanLast(slot));
        Assert.Equal(30, slot.CachedAtStart);
        Assert.Equal((8L, 8L, 0L), (story.Core.Totals.SwappedOutBlocks, story.Core.Totals.SwappedInBlocks, story.Core.Totals.RecomputedTokens));
        Assert.Equal(64, story.Use.HostFree);
    }

    [Fact]
    public void Discard_recomputes_exactly_the_context()
    {
        var story = new WorkerStory(pause: "discard");
        var slot = story.RunUntilTool(story.Start("a", prompt: 30), after: 3);
        Assert.Equal(64, story.Use.DeviceFree);

        story.Return(slot, tokens: 5);
        story.RunUntil(() => story.Generated(slot) == 1);

        Assert.Equal(32, story.Core.Totals.RecomputedTokens); // the prompt and two of the three sampled tokens: the third was never computed
        Assert.Equal(0, slot.CachedAtStart);
    }

    [Fact]
    public void Returned_preserved_sequence_goes_straight_to_running()
    {
        var story = new WorkerStory(kvBlocks: 16);
        var parked = story.RunUntilTool(story.Start("parked", prompt: 20));
        story.Start("running", prompt: 30);
        story.Step();
        var early = story.Start("waits", prompt: 40, arrivedAt: -5); // first in rank, and too large for now
        story.Step();
        Assert.Equal(SequencePhase.Waiting, early.Phase);

        story.Return(parked);
        story.Step();

        Assert.True(story.RanLast(parked));
        Assert.Equal(20, parked.CachedAtStart);
        Assert.Equal(0, story.Core.Totals.RecomputedTokens);
    }

    [Fact]
    public void Full_host_tier_turns_swap_into_discard()
    {
        var story = new WorkerStory(hostBlocks: 10, pause: "swap");
        var first = story.RunUntilTool(story.Start("first", prompt: 30));
        var second = story.RunUntilTool(story.Start("second", prompt: 30));

        Assert.Equal(PauseAction.Swap, first.Receipt!.Decision);
        Assert.Equal(PauseAction.Discard, second.Receipt!.Decision);
        Assert.Equal(0, second.HostTokens + second.DeviceTokens);
    }

    [Fact]
    public void Evicted_between_return_and_admission_counts_as_not_cached()
    {
        var story = new WorkerStory(kvBlocks: 10, hostBlocks: 0);
        var parked = story.RunUntilTool(story.Start("parked", prompt: 14));
        var running = story.Start("running", prompt: 22);
        story.Step();
        Assert.Equal(14, parked.DeviceTokens);
        story.Return(parked, tokens: 10); // has its cache and not the room for what came back
        story.RunUntil(() => parked.DeviceTokens == 0);

        story.End(running);
        story.RunUntil(() => story.Generated(parked) == 1);

        Assert.Equal(0, parked.CachedAtStart);
        Assert.Equal(14, story.Core.Totals.RecomputedTokens);
    }

    [Fact]
    public void Cancelled_while_its_cache_is_on_the_way_out_leaves_nothing_behind()
    {
        var story = new WorkerStory(hostBlocks: 8, pause: "swap");
        var first = story.RunUntilTool(story.Start("first", prompt: 30));
        var second = story.Start("second", prompt: 30);
        story.End(first); // its copies are still to be made
        story.RunUntilTool(second);
        story.Return(second);
        story.RunUntil(() => story.Generated(second) == 3);
        story.End(second);
        story.AllIsFree();
    }

    [Fact]
    public void Receipt_is_settled_with_what_the_pause_turned_out_to_cost()
    {
        var story = new WorkerStory();
        var slot = story.RunUntilTool(story.Start("slow", prompt: 30), expectedSeconds: 1e-6);

        var receipt = story.Return(slot, seconds: 10);

        // 300 token-seconds preserved; a swap would have cost next to nothing.
        Assert.Equal(10, receipt.ActualSeconds);
        Assert.InRange(receipt.RegretTokenSeconds, 299, 300);
    }

    [Fact]
    public void Regret_of_a_lease_given_up_counts_what_was_held_until_then()
    {
        var story = new WorkerStory(kvBlocks: 16);
        var slot = story.RunUntilTool(story.Start("slow", prompt: 30), expectedSeconds: 30);
        story.Wait(2);
        story.End(story.Start("needs nothing", prompt: 4));
        story.Start("needy", prompt: 50);
        story.Step();

        var receipt = story.Return(slot, seconds: 28);

        Assert.Single(receipt.Revisions);
        Assert.InRange(receipt.RegretTokenSeconds, 59, 61); // 30 tokens for 2 s, then the swap that was best all along
    }

    [Fact]
    public void Memory_time_counts_the_blocks_held_through_changes()
    {
        var story = new WorkerStory(pause: "swap");
        var slot = story.Start("a", prompt: 30);
        story.Step(); // 8 blocks from 0 on
        var ran = story.Now;
        story.Park(slot, 1);
        story.Wait(100);

        Assert.Equal(32 * ran, story.Core.TakeKvTokenSeconds(slot, story.Now), 9);
        Assert.Equal(0, story.Core.TakeKvTokenSeconds(slot, story.Now + 50));
    }

    [Fact]
    public void Resumed_sequence_carries_its_new_epoch_and_only_parked_ones_resume()
    {
        var story = new WorkerStory();
        var slot = story.Start("a", prompt: 10);
        Assert.Throws<InvalidOperationException>(() => story.Return(slot));
        story.RunUntilTool(slot);
        story.Return(slot);
        Assert.Equal(2, slot.Epoch);
        Assert.Same(slot, story.Core.Find("a"));
        Assert.Throws<InvalidOperationException>(() => story.Return(slot));
    }
}
