using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Requests;

public sealed class ToolWordTests
{
    [Theory]
    [InlineData(ToolUse.Client)]
    [InlineData(ToolUse.Server)]
    public void Word_of_a_tool_goes_to_the_worker_that_holds_the_cache(ToolUse use)
    {
        var world = Paused(use, calls: 1);
        var (waits, effects) = world.Core.ExpectTool(world.State.Calls[0].Id, 42, world.Now);
        Assert.True(waits);
        var expect = Assert.IsType<RequestEffect.Expect>(Assert.Single(effects));
        Assert.Equal(("w1", world.State.ParkedEpoch, 42.0), (expect.Worker, expect.Epoch, expect.Seconds));
    }

    [Fact]
    public void Of_several_calls_the_latest_return_counts_and_a_later_word_replaces_an_earlier_one()
    {
        var world = Paused(ToolUse.Client, calls: 2);
        Assert.Equal(30, Say(0, 30));
        Assert.Equal(30, Say(1, 5));
        world.Now += 10;
        Assert.Equal(20, Say(1, 5));
        Assert.Equal(5, Say(0, 1));
        Assert.Equal(2, world.State.Timeline.Count(entry => entry.Event.Contains("said when it returns"))); // once a call, however often it says so
        world.Check();

        double Say(int call, double seconds) =>
            Assert.IsType<RequestEffect.Expect>(Assert.Single(world.Core.ExpectTool(world.State.Calls[call].Id, seconds, world.Now).Effects)).Seconds;
    }

    [Fact]
    public void Word_for_a_call_that_nobody_waits_for_changes_nothing()
    {
        var world = Paused(ToolUse.Client, calls: 1);
        var call = world.State.Calls[0].Id;
        Assert.Equal((false, 0), Try("call_r1_0_9"));
        world.Resume(world.Results());
        Assert.Equal((false, 0), Try(call)); // it has returned
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Core.ExpectTool(call, -1, world.Now));

        (bool, int) Try(string id) => world.Core.ExpectTool(id, 3, world.Now) is var (waits, effects) ? (waits, effects.Count) : default;
    }

    [Fact]
    public void Next_worker_is_told_how_much_was_generated_before()
    {
        var world = Paused(ToolUse.Server, calls: 1); // three tokens were generated
        world.ToolsReturn();
        world.Dispatch("w2");
        Assert.Equal(3, world.Last<RequestEffect.Admit>().Work.Generated);
        world.Generate("w2", 5);
        world.Lose("w2", delivered: 2);
        world.Dispatch("w3");
        Assert.Equal(5, world.Last<RequestEffect.Admit>().Work.Generated);
    }

    private static RequestWorld Paused(ToolUse use, int calls)
    {
        var world = new RequestWorld(use).Start().Dispatch("w1").Generate("w1", 3);
        world.End("w1", SegmentEndReason.ToolCalls, calls);
        return world;
    }
}
