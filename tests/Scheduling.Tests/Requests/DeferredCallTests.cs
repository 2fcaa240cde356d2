using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Requests;

/// <summary>Server-side tools that take a call and bring its result themselves.</summary>
public sealed class DeferredCallTests
{
    [Fact]
    public void Result_is_written_before_it_is_acknowledged_and_counts_once()
    {
        var world = Paused(ToolUse.Server);
        var call = world.State.Calls[0].Id;
        Assert.IsType<RequestEffect.Save>(Assert.Single(world.Core.Defer(call, 600, world.Now)));
        Assert.Empty(world.Core.Defer(call, 600, world.Now)); // told twice
        Assert.Equal(world.Now + 600, Assert.Single(world.State.Deferred).Until);

        world.Now += 42;
        var (word, effects) = world.Core.Bring(call, "7", failed: false, world.Now);
        Assert.Equal(ToolWord.Accepted, word);
        Assert.IsType<RequestEffect.Save>(Assert.Single(effects));
        Assert.Equal((ToolWord.Repeated, 0), world.Core.Bring(call, "8", failed: true, world.Now) is var again ? (again.Word, again.Effects.Count) : default);
        var brought = Assert.Single(world.State.Brought);
        Assert.Equal(("7", 42.0, false), (brought.Content, brought.Seconds, brought.Failed));
    }

    [Fact]
    public void After_a_loss_the_call_still_is_deferred_and_what_was_brought_is_there()
    {
        var world = Paused(ToolUse.Server);
        var call = world.State.Calls[0].Id;
        world.Core.Defer(call, 600, world.Now);
        world.Core.Bring(call, "7", failed: false, world.Now);
        var recovered = new RequestCore("r1", world.State, _ => []);
        Assert.Contains(recovered.Recover(), effect => effect is RequestEffect.CallTools);
        Assert.Equal(call, Assert.Single(world.State.Deferred).Call); // the shell waits for it and does not ask again
        Assert.Equal(ToolWord.Repeated, recovered.Bring(call, "8", failed: false, world.Now).Word);
    }

    [Fact]
    public void Results_for_what_nobody_waits_for_say_why()
    {
        var world = Paused(ToolUse.Server);
        var call = world.State.Calls[0].Id;
        Assert.Equal(ToolWord.Unknown, world.Core.Bring("call_r1_0_9", "1", failed: false, world.Now).Word);
        world.ToolsReturn();
        Assert.Equal(ToolWord.Late, world.Core.Bring(call, "1", failed: false, world.Now).Word);
        Assert.Equal(ToolWord.Late, world.Core.Progress(call, 3, null, world.Now).Word);
        Assert.Equal(ToolWord.OfClient, Paused(ToolUse.Client) is var parked ? parked.Core.Bring(parked.State.Calls[0].Id, "1", failed: false, parked.Now).Word : default);
        Assert.Empty(world.State.Brought);
    }

    [Fact]
    public void Share_done_says_how_long_the_rest_takes()
    {
        var world = Paused(ToolUse.Client);
        var call = world.State.Calls[0].Id;
        world.Now += 30;
        Assert.Empty(world.Core.Progress(call, null, 0, world.Now).Effects); // nothing follows of nothing
        var (word, effects) = world.Core.Progress(call, null, 0.25, world.Now);
        Assert.Equal(ToolWord.Accepted, word);
        Assert.Equal(90, Assert.IsType<RequestEffect.Expect>(Assert.Single(effects)).Seconds, 6);
        Assert.Equal(5, Assert.IsType<RequestEffect.Expect>(Assert.Single(world.Core.Progress(call, 5, null, world.Now).Effects)).Seconds);
    }

    private static RequestWorld Paused(ToolUse use)
    {
        var world = new RequestWorld(use).Start().Dispatch("w1").Generate("w1", 3);
        world.End("w1", SegmentEndReason.ToolCalls, 1);
        return world;
    }
}
