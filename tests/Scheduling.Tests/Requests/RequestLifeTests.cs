using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Tests.Requests;

public sealed class RequestLifeTests
{
    [Fact]
    public void Request_without_tools_lives_from_queue_to_end()
    {
        var world = new RequestWorld(ToolUse.None).Start();
        Assert.Equal(["Save", "Enqueue"], world.Effects.Select(effect => effect.GetType().Name));
        world.Dispatch("a").Generate("a", 5);
        world.Now += 3;
        world.End("a");

        Assert.Equal(RequestPhase.Finished, world.State.Phase);
        Assert.Equal(["arrived", "queued", "placed", "finished"], world.State.Timeline.Select(entry => entry.Event));
        Assert.Equal(3, world.State.Timeline[^1].At);
        Assert.Equal(new RequestUsage(4, 5, 2, 10, 0.5, 0, 0, 1, 0), world.State.Usage);
        Assert.Equal([NoticeKind.Placed, NoticeKind.SegmentEnded, NoticeKind.Finished], world.Core.Notices.Select(notice => notice.Kind));
        Assert.True(world.Last<RequestEffect.Learn>().Outcome.Ended);
    }

    [Fact]
    public void Server_tools_run_and_the_same_sequence_goes_on()
    {
        var world = new RequestWorld(ToolUse.Server).Start().Dispatch("a").Generate("a", 5);
        world.End("a", SegmentEndReason.ToolCalls, calls: 2);
        Assert.Equal(RequestPhase.CallingTools, world.State.Phase);
        Assert.Equal(2, world.Last<RequestEffect.CallTools>().Calls.Length);

        world.ToolsReturn(seconds: 2);
        var asked = world.Last<RequestEffect.Enqueue>().Descriptor;
        Assert.Equal(("a", 9, 2, 15, 95), (asked.Holder, asked.HeldTokens, asked.Epoch, asked.ContextTokens, asked.MaxNewTokens));
        world.Dispatch("a");
        var work = world.Last<RequestEffect.Continue>().Work;
        Assert.Equal((1, 2, 5, 2.0), (work.PausedEpoch, work.Epoch, work.AnswerTokens, work.ToolSeconds));
        Assert.Equal(6, work.Appended.Length);
        world.Generate("a", 3).End("a");

        Assert.Equal(18, world.State.Tokens.Length);
        Assert.Equal((8, 2.0, 1, 0), (world.State.Usage.CompletionTokens, world.State.Usage.ToolSeconds, world.State.Usage.Receipts, world.State.Usage.Migrations));
        Assert.Equal(
            [NoticeKind.Placed, NoticeKind.SegmentEnded, NoticeKind.ToolStarted, NoticeKind.ToolStarted, NoticeKind.ToolReturned, NoticeKind.ToolReturned, NoticeKind.Placed, NoticeKind.SegmentEnded, NoticeKind.Finished],
            world.Core.Notices.Select(notice => notice.Kind));
        Assert.Equal(["arrived", "queued", "placed", "paused for weather, weather", "tools returned", "queued", "placed", "finished"],
            world.State.Timeline.Select(entry => entry.Event));
    }

    [Fact]
    public void Client_tools_park_the_request_until_all_calls_are_answered()
    {
        var world = Parked(calls: 2);
        Assert.Equal(NoticeKind.Parked, world.Core.Notices[^1].Kind);

        var incomplete = world.Resume(world.Results(calls: 1));
        Assert.Equal((ResumeKind.Incomplete, ToolCallId.Format("r1", 4, 1)), (incomplete.Kind, incomplete.Because));
        Assert.Equal(RequestPhase.Parked, world.State.Phase);

        world.Now += 7;
        var resumed = world.Resume(world.Results(calls: 2));
        Assert.Equal((ResumeKind.Resumed, 3), (resumed.Kind, resumed.FromNotice));
        Assert.Equal((0, 7.0, 15), (world.State.AnswerTokens, world.State.Usage.ToolSeconds, world.State.Usage.PromptTokens));
        Assert.Equal(100, world.Last<RequestEffect.Enqueue>().Descriptor.MaxNewTokens); // a new answer, a new limit
        world.Dispatch("a").Generate("a", 2).End("a");
        Assert.Equal(2, world.State.Usage.CompletionTokens);
        world.Check();
    }

    [Fact]
    public void Second_resume_of_a_pause_forks()
    {
        var world = Parked();
        world.Resume(world.Results());
        var outcome = world.Resume(world.Results(segmentStart: 4, transcript: ["h1", "h2"]));

        Assert.Equal((ResumeKind.Forked, "r3"), (outcome.Kind, outcome.Request));
        var fork = world.Last<RequestEffect.Fork>();
        Assert.True(world.State.Tokens.AsSpan().SequenceEqual(fork.Spec.Tokens.AsSpan()));
        Assert.Equal("gateway2", fork.Spec.Gateway);
    }

    [Fact]
    public void The_same_resume_again_is_told_the_same_and_changes_nothing()
    {
        var world = Parked();
        var spec = world.Results();
        var first = world.Resume(spec);
        var effects = world.Effects.Count;

        Assert.Equal(first, world.Resume(spec)); // its answer was lost
        Assert.Equal(effects, world.Effects.Count);
        world.Dispatch("a").Generate("a", 2).End("a");
        Assert.Equal(first, world.Resume(spec)); // and only now is it repeated
        Assert.False(world.Has<RequestEffect.Fork>());
        Assert.Equal(ResumeKind.Unknown, world.Resume(spec with { Tenant = "thief" }).Kind);
        world.Check();
    }

    [Fact]
    public void Another_tenant_transcript_or_pause_is_unknown()
    {
        var world = Parked();
        Assert.Equal(ResumeKind.Unknown, world.Resume(world.Results(tenant: "thief")).Kind);
        Assert.Equal(ResumeKind.Unknown, world.Resume(world.Results(transcript: ["h1", "changed"])).Kind);
        Assert.Equal(ResumeKind.Unknown, world.Resume(world.Results(segmentStart: 99)).Kind);
        Assert.Equal(ResumeKind.Unknown, new RequestWorld().Resume(world.Results()).Kind);
        Assert.Equal(RequestPhase.Parked, world.State.Phase);
    }

    [Fact]
    public void Lost_worker_costs_no_delivered_token_and_raises_the_epoch()
    {
        var world = new RequestWorld().Start().Dispatch("a").Generate("a", 5);
        world.Lose("a", delivered: 3);
        Assert.Equal((2, RequestPhase.Queued, 7), (world.State.Epoch, world.State.Phase, world.State.Tokens.Length));

        world.Dispatch("b");
        var work = world.Last<RequestEffect.Admit>().Work;
        Assert.Equal((2, 7, 4), (work.Epoch, work.Tokens.Length, work.SegmentStart));
        Assert.Equal((7, 4), (world.Core.Notices[^1].Position, world.Core.Notices[^1].SegmentStart));
        world.Generate("b", 4).End("b");
        Assert.Equal(7, world.State.Usage.CompletionTokens);
        world.Check();
    }

    [Fact]
    public void Stale_owner_changes_nothing_and_keeps_nothing()
    {
        var world = new RequestWorld().Start().Dispatch("slow").Generate("slow", 5);
        world.Lose("slow", delivered: 3, really: false);
        world.Dispatch("b").Generate("b", 2);

        world.End("slow", SegmentEndReason.ToolCalls);

        Assert.Equal((RequestPhase.Placed, "b"), (world.State.Phase, world.State.Worker));
        Assert.DoesNotContain("slow", world.Workers.Keys);
        world.Apply(world.Core.WorkerLost("slow", 1, [9, 9, 9, 9], byReader: true, world.Now));
        Assert.Equal(2, world.State.Epoch);
        world.Check();
    }

    [Fact]
    public void Report_told_twice_keeps_the_parked_cache()
    {
        var world = Parked();
        world.Tell(world.Reports[0]);
        Assert.True(world.Workers["a"].Parked);
        world.Resume(world.Results());
        world.Tell(world.Reports[0]);
        Assert.True(world.Workers["a"].Parked);
        Assert.Equal(5, world.State.Tokens.Length - 4 - 3);
    }

    [Fact]
    public void Returning_elsewhere_migrates_and_releases_the_old_cache()
    {
        var world = Parked();
        world.Resume(world.Results());
        world.Dispatch("b");
        Assert.Equal(["b"], world.Workers.Keys);
        Assert.Equal(1, world.State.Usage.Migrations);
    }

    [Fact]
    public void Cache_that_is_gone_is_recomputed_where_it_was()
    {
        var world = Parked();
        world.Workers.Clear();
        world.Resume(world.Results());
        world.Dispatch("a");
        Assert.Equal(12, world.Last<RequestEffect.Admit>().Work.Tokens.Length);
        Assert.Contains(world.State.Timeline, entry => entry.Event == "recomputed");
    }

    [Fact]
    public void Cancel_releases_what_is_held_in_every_state()
    {
        foreach (var world in (RequestWorld[])[Queued(), Queued().Dispatch("a"), Parked(), Resumed(), Resumed().Dispatch("a"), Resumed().Dispatch("b"), CallingTools()])
        {
            world.Cancel();
            Assert.Empty(world.Workers);
            Assert.Equal(RequestPhase.Cancelled, world.State.Phase);
            Assert.True(world.Has<RequestEffect.Withdraw>());
            var notices = world.Core.Notices.Count;
            world.Cancel();
            Assert.Equal(notices, world.Core.Notices.Count);
        }
    }

    [Fact]
    public void Failure_releases_the_parked_cache_too()
    {
        var world = Resumed();
        world.Apply(world.Core.Fail("fits no worker", world.Now));
        Assert.Empty(world.Workers);
        Assert.Equal((NoticeKind.Failed, "fits no worker"), (world.Core.LastWords(0)[^1].Kind, world.Core.LastWords(0)[^1].Text));
        Assert.Empty(new RequestWorld().Core.Fail("nobody's", 0));
    }

    [Fact]
    public void Length_end_is_told_to_those_who_ask_late()
    {
        var world = new RequestWorld().Start().Dispatch("a").Generate("a", 5);
        world.End("a", SegmentEndReason.Length);
        Assert.Equal(SegmentEndReason.Length, world.Core.LastWords(7)[^1].Reason);
        Assert.Equal(SegmentEndReason.Length, world.Core.Notices[^1].Reason);
    }

    [Fact]
    public void Refused_request_waits_again_under_a_new_epoch()
    {
        var world = Queued().Dispatch("a");
        world.Apply(world.Core.Refused("b", world.Now)); // not where it is
        Assert.Equal(1, world.State.Epoch);
        world.Apply(world.Core.Refused("a", world.Now));
        Assert.Equal((2, RequestPhase.Queued), (world.State.Epoch, world.State.Phase));
        Assert.Empty(world.Workers);
    }

    [Fact]
    public void Receipt_says_what_the_tool_took_before_the_request_has_its_next_turn()
    {
        var world = CallingTools();
        Assert.Null(world.State.Receipts[0].ActualSeconds);
        world.ToolsReturn();
        Assert.Equal(RequestPhase.Queued, world.State.Phase);
        Assert.Equal(world.State.Usage.ToolSeconds, world.State.Receipts[0].ActualSeconds);
    }

    [Fact]
    public void Receipt_settled_after_the_next_pause_is_still_taken_and_never_unsettled()
    {
        var world = Resumed();
        world.Dispatch("a").Generate("a", 2).End("a", SegmentEndReason.ToolCalls);
        var first = world.State.Receipts[0] with { ActualSeconds = null }; // as the worker has it
        world.Core.Revise(2, first with { ActualSeconds = 3 });
        world.Core.Revise(1, first with { Revisions = [new PauseRevision(1, PauseAction.Swap, "late")] });
        world.Core.Revise(9, first with { ActualSeconds = 9 });
        Assert.Equal((3.0, null), (world.State.Receipts[0].ActualSeconds, world.State.Receipts[1].ActualSeconds));
        Assert.Empty(world.State.Receipts[0].Revisions);
    }

    [Fact]
    public void Tool_calls_under_way_are_made_again_after_an_activation_was_lost()
    {
        Assert.Equal(["Save", "CallTools"], CallingTools().Core.Recover().Select(effect => effect.GetType().Name));
        Assert.Equal(["Save"], Queued().Core.Recover().Select(effect => effect.GetType().Name));
        var world = CallingTools();
        world.ToolsReturn(segmentStart: 1); // another pause's
        Assert.Equal(RequestPhase.CallingTools, world.State.Phase);
    }

    [Theory]
    [InlineData("call_abc_12_0", true)]
    [InlineData("call_abc_12", false)]
    [InlineData("call__12_0", false)]
    [InlineData("call_abc_-1_0", false)]
    [InlineData("toolu_abc_12_0", false)]
    public void Call_ids_name_request_and_pause(string text, bool ours) => Assert.Equal(ours, ToolCallId.TryParse(text, out _, out _, out _));

    [Fact]
    public void Timeline_says_why_it_was_placed_where_it_was()
    {
        var world = new RequestWorld().Start();
        var route = new RouteDecision("memory-time", "a", WaitSeconds: 0, ReloadSeconds: 0.1, CachedTokens: 0, DrainSeconds: 2, Owner: null, OwnerSeconds: 0);
        world.Core.Dispatch("a", new SegmentForecast(Estimate.Exactly(9), 0, null, Estimate.Exactly(1), 3, Estimate.Exactly(9)), world.Now, route);
        Assert.Equal(("placed", route), (world.Core.State.Timeline[^1].Event, world.Core.State.Timeline[^1].Route));
    }

    private static RequestWorld Queued() => new RequestWorld().Start();

    private static RequestWorld Parked(int calls = 1)
    {
        var world = Queued().Dispatch("a").Generate("a", 5);
        world.End("a", SegmentEndReason.ToolCalls, calls);
        return world;
    }

    private static RequestWorld Resumed()
    {
        var world = Parked();
        world.Resume(world.Results());
        return world;
    }

    private static RequestWorld CallingTools()
    {
        var world = new RequestWorld(ToolUse.Server).Start().Dispatch("a").Generate("a", 5);
        world.End("a", SegmentEndReason.ToolCalls);
        return world;
    }
}
