using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Requests;

/// <summary>The request alone decides who owns its sequence.</summary>
public sealed class MovingRequestTests
{
    [Fact]
    public void Running_request_changes_its_owner_and_the_new_one_says_all_of_the_segment()
    {
        var world = Running();
        var order = world.Move("w2");
        Assert.Equal(("w1", 1, 2), (order.Source, order.SourceEpoch, order.Epoch));
        Assert.Null(world.Arrive(order));
        Assert.Equal(["w2"], world.Workers.Keys); // released where it was
        Assert.Equal(("w2", 2, 1), (world.State.Worker, world.State.Epoch, world.State.Usage.Migrations));
        var placed = world.Core.Notices[^1];
        Assert.Equal((NoticeKind.Placed, "w2", 2, 4, 4), (placed.Kind, placed.Worker, placed.Epoch, placed.SegmentStart, placed.Position));
        world.Generate("w2", 2);
        world.End("w2");
        Assert.Equal(RequestPhase.Finished, world.State.Phase);
        Assert.Equal(7, world.State.Usage.CompletionTokens);
    }

    [Fact]
    public void Old_owner_that_was_only_slow_is_not_heard_after_the_switch()
    {
        var world = Running();
        var order = world.Move("w2");
        var late = world.Workers["w1"];
        world.Arrive(order);
        world.Workers["w1"] = late; // the release did not reach it
        world.End("w1", SegmentEndReason.ToolCalls);
        Assert.Equal((RequestPhase.Placed, "w2"), (world.State.Phase, world.State.Worker));
        Assert.False(world.Workers.ContainsKey("w1"), "what it parked is freed");
    }

    [Fact]
    public void Parked_request_moves_while_its_tool_runs_and_goes_on_at_the_new_owner()
    {
        var world = Running();
        world.End("w1", SegmentEndReason.ToolCalls);
        Assert.Null(world.Arrive(world.Move("w2")));
        Assert.IsType<RequestEffect.Save>(world.Effects.Last(effect => effect is RequestEffect.Save or RequestEffect.Move)); // the new owner is durable
        Assert.Equal(["w2"], world.Workers.Keys);
        world.Resume(world.Results());
        Assert.Equal("w2", world.Core.Descriptor(world.Now)!.Holder);
        world.Dispatch("w2");
        Assert.Equal(RequestWorld.Turn.AsEnumerable(), world.Last<RequestEffect.Continue>().Work.Appended);
        Assert.False(world.Workers["w2"].Parked);
    }

    [Fact]
    public void Tool_that_returns_before_the_switch_keeps_the_cache_where_it_is()
    {
        var world = Running();
        world.End("w1", SegmentEndReason.ToolCalls);
        var order = world.Move("w2");
        world.Resume(world.Results());
        Assert.Equal("it was given another turn meanwhile", world.Arrive(order));
        world.Dispatch("w1");
        Assert.True(world.Has<RequestEffect.Continue>());
        Assert.True(world.State.Epoch > order.Epoch, "the epoch that was kept for the move is given to nobody else");
    }

    [Fact]
    public void Segment_that_ends_in_the_middle_of_the_copying_moves_as_a_parked_one()
    {
        var world = Running();
        var order = world.Move("w2");
        world.End("w1", SegmentEndReason.ToolCalls);
        Assert.Null(world.Arrive(order));
        Assert.Equal((RequestPhase.Parked, "w2", order.Epoch), (world.State.Phase, world.State.Worker, world.State.ParkedEpoch));
    }

    [Fact]
    public void Parked_sequence_whose_end_the_request_has_not_heard_of_does_not_move_yet()
    {
        var world = Running();
        var order = world.Move("w2");
        var (refusal, _) = world.Core.TakeOver("w2", order.Epoch, parked: true, world.State.SegmentStart, world.Now);
        Assert.Equal("what came is not where the request is", refusal);
        world.End("w1", SegmentEndReason.ToolCalls); // its word arrives now, and counts
        Assert.Equal(RequestPhase.Parked, world.State.Phase);
    }

    [Fact]
    public void Switch_that_was_agreed_to_and_not_written_is_remembered_by_the_next_life()
    {
        var world = Running();
        var order = world.Move("w2");
        Assert.Null(world.Core.TakeOver("w2", order.Epoch, parked: false, 4, world.Now).Refusal);
        (world.State.Epoch, world.State.Worker, world.State.Move) = (1, "w1", new PendingMove("w2", order.Epoch, MigrationReason.Operator, world.Now)); // as it was written last
        world.Workers["w2"] = new RequestWorld.Held(order.Epoch, world.Workers["w1"].Tokens, 4);
        world.LoseActivation();
        world.End("w2");
        Assert.Equal(RequestPhase.Finished, world.State.Phase);
    }

    [Fact]
    public void Only_one_move_is_under_way_and_one_that_failed_makes_place_for_another()
    {
        var world = Running();
        var first = world.Move("w2");
        Assert.StartsWith("it is on its way to w2", world.Core.Migrate("w3", MigrationReason.Balance, world.Now).Refusal);
        world.Apply(world.Core.MoveFailed(first.Epoch, "no room", world.Now));
        Assert.Contains("did not move to w2: no room", world.State.Timeline.Select(entry => entry.Event));
        var second = world.Move("w3");
        Assert.True(second.Epoch > first.Epoch);
        Assert.NotNull(world.Arrive(first));
        Assert.Null(world.Arrive(second));
    }

    [Fact]
    public void What_is_over_or_waits_does_not_move()
    {
        var world = new RequestWorld().Start();
        Assert.StartsWith("it is Queued", world.Core.Migrate("w2", MigrationReason.Operator, world.Now).Refusal);
        world.Dispatch("w1");
        Assert.Equal("it is on w1 already", world.Core.Migrate("w1", MigrationReason.Operator, world.Now).Refusal);
        var order = world.Move("w2");
        world.Cancel();
        Assert.NotNull(world.Arrive(order));
        Assert.Empty(world.Workers);
        Assert.Contains(new RequestEffect.Release("w2", order.Epoch), world.Effects);
    }

    private static RequestWorld Running()
    {
        var world = new RequestWorld().Start().Dispatch("w1");
        return world.Generate("w1", 5);
    }
}
