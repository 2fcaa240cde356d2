using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Requests;

/// <summary>Events in any order, from workers fast, slow, lost and believed lost.</summary>
public sealed class RequestStateMachineTests
{
    [Theory]
    [InlineData(ToolUse.Client)]
    [InlineData(ToolUse.Server)]
    [InlineData(ToolUse.None)]
    public void Any_order_of_events_keeps_tokens_epochs_and_end_states_and_leaks_nothing(ToolUse tools)
    {
        var events = Gen.Choose(0, 18).Zip(Gen.Choose(0, 1000)).ListOf(60).ToArbitrary();
        Prop.ForAll(events, script => Play(tools, [.. script])).Check(Config.QuickThrowOnFailure.WithMaxTest(400).WithReplay(3, 5));
    }

    private static void Play(ToolUse tools, List<(int Kind, int Dice)> script)
    {
        var world = new RequestWorld(tools).Start();
        foreach (var (kind, dice) in script)
        {
            var (epoch, over, phase) = (world.State.Epoch, world.Core.IsOver, world.State.Phase);
            world.Now += dice / 100.0;
            Happen(world, kind, dice, tools);
            world.Check();
            Assert.True(world.State.Epoch >= epoch, "an epoch fell");
            if (over)
                Assert.Equal(phase, world.State.Phase);
            if (world.State.Phase == RequestPhase.Parked)
                Assert.Equal(ToolUse.Client, tools);
        }

        world.Cancel();
        Assert.True(world.Core.IsOver);
        // Whoever still runs an old owner's copy ends one day, at worst in a call.
        foreach (var (worker, held) in world.Workers.ToList())
        {
            Assert.False(held.Parked, $"a cache stays parked on {worker} under epoch {held.Epoch}");
            world.End(worker, SegmentEndReason.ToolCalls);
        }

        Assert.Empty(world.Workers);
    }

    private static void Happen(RequestWorld world, int kind, int dice, ToolUse tools)
    {
        var worker = $"w{dice % 3}";
        var running = world.Workers.Where(held => !held.Value.Parked).Select(held => held.Key).Order().ToList();
        var one = running.Count > 0 ? running[dice % running.Count] : null;
        switch (kind)
        {
            case 0 or 1 or 2: world.Dispatch(worker); break;
            case 3 or 4 when one is not null: world.Generate(one, dice % 5); break;
            case 5 when one is not null && dice % 4 == 0: world.End(one, dice % 8 == 0 ? SegmentEndReason.Stop : SegmentEndReason.Length); break;
            case 6 or 7 when one is not null && tools != ToolUse.None: world.End(one, SegmentEndReason.ToolCalls, 1 + dice % 3); break;
            case 8: world.ToolsReturn(dice % 5 == 0 ? dice : null); break;
            case 9: world.Resume(world.Results(dice % 5 == 0 ? 4 : null, 1 + dice % 3)); break;
            case 10 when one is not null: world.Lose(one, dice % 7, really: dice % 2 == 0); break;
            case 11 when dice % 10 == 0: world.Cancel(); break;
            case 12: world.Apply(world.Core.Refused(worker, world.Now)); break;
            case 13 when world.Reports.Count > 0: world.Tell(world.Reports[dice % world.Reports.Count]); break;
            case 14 when dice % 20 == 0: world.Apply(world.Core.Fail("no room", world.Now)); break;
            case 15 when world.State.Receipts.Length > 0:
                world.Core.Revise(world.State.Epoch - dice % 2, world.State.Receipts[dice % world.State.Receipts.Length] with { ActualSeconds = 1 });
                world.Apply(world.Core.Recover());
                break;
            case 16: world.Apply(world.Core.Migrate(worker, MigrationReason.Balance, world.Now).Effects); break;
            case 17 or 18 when world.Effects.OfType<RequestEffect.Move>().ToList() is { Count: > 0 } moves:
                world.Arrive(moves[^(1 + dice % Math.Min(2, moves.Count))].Order, isLost: dice % 7 == 0);
                break;
        }
    }
}
