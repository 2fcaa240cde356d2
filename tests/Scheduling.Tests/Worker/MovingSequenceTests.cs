using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>Sequences that leave a device for another one, and the memory that is held for those that come.</summary>
public sealed class MovingSequenceTests
{
    [Fact]
    public void What_runs_takes_back_the_memory_that_was_held_for_one_on_its_way()
    {
        var story = new WorkerStory(kvBlocks: 8, hostBlocks: 0);
        var slot = story.Start("a", prompt: 12);
        story.Steps(1);
        var expected = story.Core.Reserve(16)!;
        Assert.Null(story.Core.Reserve(8)); // nobody gives way for it
        story.RunUntil(() => slot.Length > 17);
        Assert.True(expected.IsDropped);
        Assert.Empty(story.Plan.OutOfMemory);
        story.End(slot);
        story.AllIsFree();
    }

    [Fact]
    public void Sequence_that_stops_for_a_move_holds_its_place_in_memory_and_goes_on_if_it_stays()
    {
        var story = new WorkerStory(kvBlocks: 16, hostBlocks: 0);
        var slot = story.Start("a", prompt: 12);
        story.RunUntil(() => story.Generated(slot) == 3);
        var leaving = story.Core.TakeLeave(slot, Work(slot), story.Now);
        Assert.Equal((14, false), (leaving.Computed, leaving.IsParked));
        story.Steps(3);
        Assert.Equal(3, story.Generated(slot));
        Assert.Equal(14, slot.DeviceTokens);
        story.Core.Stay(slot, story.Now);
        story.Step();
        Assert.True(story.RanLast(slot));
        story.End(slot);
        story.AllIsFree();
    }

    [Fact]
    public void Sequence_that_comes_goes_on_in_the_next_iteration_and_a_parked_one_stays_parked()
    {
        var (from, to) = (new WorkerStory(), new WorkerStory());
        var (running, parked) = (from.Start("running", prompt: 12), from.Start("parked", prompt: 12));
        from.RunUntilTool(parked, after: 2);
        from.RunUntil(() => from.Generated(running) >= 5);
        foreach (var slot in (SequenceSlot[])[running, parked])
        {
            var state = from.Core.TakeLeave(slot, Work(slot), from.Now);
            var expected = to.Core.Reserve(slot.Length + 8)!;
            var here = to.Core.Adopt(expected, state with { Work = state.Work with { Epoch = 9 } }, state.Computed, null, to.Now);
            Assert.Equal((slot.Length, slot.Computed, slot.Phase, 9), (here.Length, here.Computed, here.Phase, here.Epoch));
            Assert.Equal(slot.Receipt, here.Receipt);
            from.End(slot);
        }

        Assert.Equal((1, 1, 0), (to.Core.Running, to.Core.Parked, to.Core.Waiting));
        Assert.Contains(to.Core.Plan(to.Now).Batch, planned => planned.Sequence.Request == "running" && planned.Count == 1);
        from.AllIsFree();
    }

    private static SequenceWork Work(SequenceSlot slot) => new(
        slot.Request, slot.Epoch, "gateway", [.. new int[slot.Length]], slot.SegmentStart, 0, new GenerationOptions(100, 0, 1, 0, 1, []), ToolUse.Client, [], slot.ArrivalAt,
        slot.Forecast, slot.Priority, "tenant");
}
