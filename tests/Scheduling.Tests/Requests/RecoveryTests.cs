using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Requests;

/// <summary>A request whose activation was lost goes on with what was written, and with numbers that none before has used.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public void Segments_and_tools_of_the_answer_are_told_again_under_their_numbers()
    {
        var world = new RequestWorld(ToolUse.Server).Start().Dispatch("a").Generate("a", 5);
        world.End("a", SegmentEndReason.ToolCalls);
        world.ToolsReturn();
        var told = world.Core.Notices.Where(notice => notice.Kind is not (NoticeKind.Placed or NoticeKind.Queued)).ToList();

        world.LoseActivation();

        Assert.Equal([NoticeKind.SegmentEnded, NoticeKind.ToolStarted, NoticeKind.ToolReturned], told.Select(notice => notice.Kind));
        Assert.Equal(told, world.Core.Notices);
        world.Dispatch("a");
        Assert.True(world.Core.Notices[^1].Number >= 10_000);
    }

    [Fact]
    public void No_two_lives_use_the_same_number_though_neither_wrote_what_it_said()
    {
        var world = new RequestWorld().Start();
        var seen = new HashSet<int>();
        for (var life = 0; life < 3; life++)
        {
            world.LoseActivation().Dispatch($"worker {life}");
            Assert.True(seen.Add(world.Core.Notices[^1].Number));
            world.State.Phase = RequestPhase.Queued; // as it was written
        }
    }

    [Fact]
    public void Request_that_may_be_placed_already_is_placed_under_an_epoch_of_its_own()
    {
        var world = new RequestWorld().Start().Dispatch("a");
        world.State.Phase = RequestPhase.Queued; // as it was written: the placing is not
        world.LoseActivation().Dispatch("b");

        Assert.True(world.Workers["b"].Epoch > world.Workers["a"].Epoch);
        Assert.Equal(["Save", "Notify", "Admit"], world.Effects.TakeLast(3).Select(effect => effect.GetType().Name));
        world.End("a");
        Assert.Equal(RequestPhase.Placed, world.State.Phase); // the older owner's word is void
    }

    [Fact]
    public void Request_that_was_written_as_placed_asks_for_its_turn_again()
    {
        var world = new RequestWorld().Start().LoseActivation().Dispatch("a"); // writes its epoch
        world.LoseActivation();
        Assert.NotNull(world.Core.Descriptor(world.Now));
    }

    [Fact]
    public void Answer_that_was_resumed_is_told_without_the_one_before()
    {
        var world = new RequestWorld().Start().Dispatch("a").Generate("a", 5);
        world.End("a", SegmentEndReason.ToolCalls);
        world.Resume(world.Results());
        Assert.Empty(world.LoseActivation().Core.Notices);
    }

    [Fact]
    public void What_a_failed_device_had_generated_beyond_what_its_reader_has_is_generated_again()
    {
        var world = new RequestWorld().Start().Dispatch("a").Generate("a", 5);
        world.Lose("a", delivered: 5, byReader: false); // the device's own word
        world.Dispatch("b");
        Assert.Equal(9, world.Last<RequestEffect.Admit>().Work.Tokens.Length);

        world.Lose("b", delivered: 3); // the reader could not begin at a place it has never seen
        world.Dispatch("b");
        Assert.Equal(7, world.Last<RequestEffect.Admit>().Work.Tokens.Length);
    }

    [Fact]
    public void Resume_that_overtakes_the_end_of_its_segment_is_to_be_asked_again()
    {
        var world = new RequestWorld().Start().Dispatch("a").Generate("a", 5);

        Assert.Equal(ResumeKind.TooEarly, world.Resume(world.Results()).Kind);
        Assert.Equal(ResumeKind.Unknown, world.Resume(world.Results(segmentStart: 99)).Kind);
        Assert.Equal(ResumeKind.Unknown, world.Resume(world.Results(tenant: "another")).Kind);

        var results = world.Results();
        world.End("a", SegmentEndReason.ToolCalls);
        Assert.Equal(ResumeKind.Resumed, world.Resume(results).Kind);
    }
}
