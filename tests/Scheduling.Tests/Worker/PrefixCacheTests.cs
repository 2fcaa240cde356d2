using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>What begins alike is computed once. Every step checks that each sequence attends to its own context only.</summary>
public sealed class PrefixCacheTests
{
    [Fact]
    public void Second_request_with_the_same_beginning_computes_only_the_rest()
    {
        var story = new WorkerStory(blockSize: 4, cachedBlocks: 64);
        var first = story.Quote("first", book: 1, shared: 20, prompt: 23);
        story.RunUntil(() => story.Generated(first) == 3);
        var second = story.Quote("second", book: 1, shared: 18, prompt: 30);
        story.Step();
        Assert.Equal(16, second.CachedAtStart); // whole blocks of four
        Assert.Equal(14, story.Plan.Batch.Single(planned => planned.Sequence == second).Count);
        Assert.Equal(16, story.Core.Totals.SharedTokens);
        story.End(first);
        story.Steps(3).End(second);
        story.AllIsFree();
    }

    [Fact]
    public void Cache_outlives_its_request_until_memory_is_needed()
    {
        var story = new WorkerStory(kvBlocks: 16, blockSize: 4, cachedBlocks: 16);
        var first = story.Quote("first", 1, shared: 24, prompt: 24);
        story.RunUntil(() => story.Generated(first) == 2).End(first);
        var second = story.Quote("second", 1, shared: 24, prompt: 26);
        story.Step();
        Assert.Equal(24, second.CachedAtStart);
        story.End(second);
        var large = story.Start("large", prompt: 60); // needs every block
        story.RunUntil(() => story.Generated(large) == 2).End(large);
        var third = story.Quote("third", 1, shared: 24, prompt: 26);
        story.Step();
        Assert.Equal(0, third.CachedAtStart);
    }

    [Fact]
    public void Prompt_that_is_cached_to_its_last_token_computes_that_token_in_a_copy()
    {
        var story = new WorkerStory(blockSize: 4, cachedBlocks: 64);
        var first = story.Quote("first", 1, shared: 16, prompt: 16);
        story.RunUntil(() => story.Generated(first) == 1);
        var second = story.Quote("second", 1, shared: 16, prompt: 16);
        story.Step();
        Assert.Equal(15, second.CachedAtStart);
        var copy = Assert.Single(story.Plan.Copies);
        Assert.Equal((KvTier.Device, KvTier.Device), (copy.From, copy.To));
        Assert.Equal(copy.Source, story.Core.BlockTable(first)[3]);
        Assert.Equal(copy.Target, story.Core.BlockTable(second)[3]);
        Assert.Equal(story.Core.BlockTable(first).Take(3), story.Core.BlockTable(second).Take(3));
    }

    [Fact]
    public void Prompt_that_fills_the_device_is_served_though_there_is_no_block_for_a_copy()
    {
        var story = new WorkerStory(kvBlocks: 4, hostBlocks: 0, blockSize: 4, cachedBlocks: 4);
        var first = story.Quote("first", 1, shared: 12, prompt: 12);
        story.RunUntil(() => story.Generated(first) == 1).End(first);
        var second = story.Quote("second", 1, shared: 12, prompt: 12);
        story.RunUntil(() => story.Generated(second) == 3).End(second);
        story.AllIsFree();
    }

    [Fact]
    public void Discarded_cache_is_found_again_when_its_tool_returns_soon()
    {
        var story = new WorkerStory(blockSize: 4, pause: "discard", cachedBlocks: 64);
        var slot = story.Quote("asks", 1, shared: 0, prompt: 30);
        story.RunUntilTool(slot, after: 4);
        story.Return(slot, tokens: 5);
        story.Step();
        Assert.Equal(32, slot.CachedAtStart); // 33 were computed: eight whole blocks
        Assert.Equal(0, story.Core.Totals.RecomputedTokens - 1);
    }

    [Fact]
    public void Cache_that_others_share_frees_nothing_when_one_of_them_gives_way()
    {
        // Two parked sequences share most of the device; a third needs nearly all of it: both must give way, and do.
        var story = new WorkerStory(kvBlocks: 12, hostBlocks: 0, blockSize: 4, cachedBlocks: 12);
        var a = story.Quote("a", 1, shared: 28, prompt: 29);
        story.RunUntilTool(a);
        var b = story.Quote("b", 1, shared: 28, prompt: 30);
        story.RunUntilTool(b);
        Assert.Equal(28, b.CachedAtStart);
        var large = story.Start("large", prompt: 46);
        story.RunUntil(() => story.Generated(large) == 1);
        Assert.Equal(0, a.DeviceTokens + b.DeviceTokens);
    }

    [Fact]
    public void Most_used_beginning_stays_longest()
    {
        var story = new WorkerStory(kvBlocks: 6, hostBlocks: 0, blockSize: 4, cachedBlocks: 6);
        foreach (var (name, book) in new[] { ("a", 1), ("b", 1), ("c", 1), ("d", 2) })
            Serve(story, name, book);
        Serve(story, "e", 3); // takes the place of what was used once, from its end on
        Assert.Equal(8, Serve(story, "f", 1).CachedAtStart);
        Assert.Equal(4, Serve(story, "g", 2).CachedAtStart);
    }

    [Fact]
    public void Bound_on_what_is_kept_holds()
    {
        var story = new WorkerStory(kvBlocks: 32, blockSize: 4, cachedBlocks: 3);
        Serve(story, "a", 1, shared: 24);
        Assert.Equal(12, Serve(story, "b", 1, shared: 24).CachedAtStart); // the beginning is what is kept
    }

    private static SequenceSlot Serve(WorkerStory story, string name, int book, int shared = 8)
    {
        var slot = story.Quote(name, book, shared, prompt: shared + 1);
        story.RunUntil(() => story.Generated(slot) == 1).End(slot);
        return slot;
    }
}
