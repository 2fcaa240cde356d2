using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>Tools that say when they return are believed, whatever was learned of them.</summary>
public sealed class ToolWordTests
{
    [Fact]
    public void Cache_of_the_tool_that_says_it_takes_longest_goes_first_though_it_was_predicted_to_return_first()
    {
        var story = new WorkerStory(kvBlocks: 24, hostBlocks: 0, pause: "pharos");
        var (brief, lengthy) = (story.Start("brief", 20), story.Start("long", 20));
        story.RunUntil(() => story.Generated(brief) >= 1 && story.Generated(lengthy) >= 1);
        story.Park(brief, expectedSeconds: 10);
        story.Park(lengthy, expectedSeconds: 1000);
        story.Core.Expect(brief, 5000, story.Now);
        story.Core.Expect(lengthy, 20, story.Now);

        story.Start("new", 72);
        story.Step();
        Assert.True(brief.DeviceTokens < 20, "its tool says it returns last");
        Assert.Equal(20, lengthy.DeviceTokens);
    }

    [Fact]
    public void Word_of_a_soon_return_keeps_a_cache_that_would_have_been_taken()
    {
        var story = new WorkerStory(kvBlocks: 10, hostBlocks: 0, pause: "pharos");
        var slot = story.RunUntilTool(story.Start("a", 20), expectedSeconds: 1000);
        var running = story.Start("running", 2, tokens: 100);
        story.Step();
        story.Core.Expect(slot, 0.0001, story.Now);
        story.Start("new", 20);
        story.Step();
        Assert.Equal(20, slot.DeviceTokens); // whoever wants the memory waits for the return
        Assert.True(story.RanLast(running));

        story.Core.Expect(slot, 1000, story.Now); // it changed its mind
        story.Step();
        Assert.True(slot.DeviceTokens < 20);
    }

    [Fact]
    public void Pause_is_decided_anew_with_what_the_tool_says_and_the_receipt_tells()
    {
        var story = new WorkerStory(pause: "lamps");
        var slot = story.RunUntilTool(story.Start("a", 40), expectedSeconds: 1e-5);
        Assert.Equal(PauseAction.Preserve, slot.Receipt!.Decision);
        Assert.Same(slot.Receipt, story.Core.Expect(slot, 1e-5, story.Now)); // nothing new

        var receipt = story.Core.Expect(slot, 600, story.Now);
        story.Core.CheckIntegrity();
        var revision = Assert.Single(receipt.Revisions);
        Assert.Equal((PauseAction.Swap, "the tool said when it returns"), (revision.Decision, revision.Because));
        Assert.Equal((0, 40), (slot.DeviceTokens, slot.HostTokens));
        story.Step(); // carries the copies out
        Assert.NotEmpty(story.Plan.Copies);

        story.Core.Expect(slot, 0.001, story.Now); // what has left stays away until it is needed
        Assert.Equal(0, slot.DeviceTokens);
        story.Return(slot);
        story.RunUntil(() => story.Generated(slot) >= 1);
    }

    [Fact]
    public void Overdue_tool_is_expected_to_need_as_long_again_as_it_is_late()
    {
        var tool = new ToolForecast("build", 100, Estimate.Exactly(3), 3, 3, 3, 10).WithEta(60);
        Assert.Equal(60, tool.SecondsLeft(0));
        Assert.Equal(10, tool.SecondsLeft(50));
        Assert.Equal(0, tool.SecondsLeft(60));
        Assert.Equal(30, tool.SecondsLeft(90));
        Assert.Equal((60.0, 60.0, 60.0), (tool.Seconds.Mean, tool.P50, tool.P99));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Word_that_is_no_time_is_refused(double seconds)
    {
        var story = new WorkerStory();
        var slot = story.RunUntilTool(story.Start("a", 20));
        Assert.Throws<ArgumentOutOfRangeException>(() => story.Core.Expect(slot, seconds, story.Now));
    }

    [Fact]
    public void Sequence_that_waits_for_no_tool_is_told_of_none()
    {
        var story = new WorkerStory();
        var slot = story.Start("a", 20);
        Assert.Throws<InvalidOperationException>(() => story.Core.Expect(slot, 1, story.Now));
    }
}
