using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Tests.Migration;

public sealed class MigrationCoreTests
{
    private static readonly MigrationLimits Limits = new(ChunkTokens: 100, Window: 2, DeltaTokens: 30, Attempts: 3);

    [Fact]
    public void Parked_cache_comes_in_pieces_and_then_changes_its_owner()
    {
        var core = new MigrationCore(new MigrationOffer(SequencePhase.Parked, 251, 250), Limits);
        Assert.Equal([new MigrationEffect.Fetch(0, 100, 1), new MigrationEffect.Fetch(100, 100, 1)], core.Begin());
        Assert.Equal([new MigrationEffect.Fetch(200, 50, 1)], core.Handle(new MigrationEvent.Fetched(100, 100, 250)));
        Assert.Equal(0, core.Cached); // the first piece is still missing
        Assert.Empty(core.Handle(new MigrationEvent.Fetched(0, 100, 250)));
        Assert.Equal(200, core.Cached);
        Assert.Equal([new MigrationEffect.TakeLeave(250, 100)], core.Handle(new MigrationEvent.Fetched(200, 50, 250)));
        Assert.Equal([new MigrationEffect.AskOwner()], core.Handle(new MigrationEvent.Left(250, 0)));
        Assert.Equal([new MigrationEffect.Adopt(250)], core.Handle(new MigrationEvent.OwnerAnswered(true, "")));
        Assert.Equal(MigrationPhase.Done, core.Phase);
    }

    [Fact]
    public void Running_sequence_is_copied_while_it_goes_on_and_stops_for_the_delta_alone()
    {
        var core = Running(120);
        Assert.Equal([new MigrationEffect.Fetch(0, 100, 1)], core.Begin()); // 20 are left: few enough to come last
        Assert.Equal([new MigrationEffect.Fetch(100, 60, 1)], core.Handle(new MigrationEvent.Fetched(0, 100, 160)));
        Assert.Equal([new MigrationEffect.TakeLeave(160, 100)], core.Handle(new MigrationEvent.Fetched(100, 60, 185)));
        Assert.Equal([new MigrationEffect.AskOwner()], core.Handle(new MigrationEvent.Left(187, 27)));
        Assert.Equal([new MigrationEffect.Adopt(187)], core.Handle(new MigrationEvent.OwnerAnswered(true, "")));
    }

    [Fact]
    public void Damaged_piece_is_fetched_again_and_a_third_failure_ends_it()
    {
        var core = Running(100);
        core.Begin();
        Assert.Equal([new MigrationEffect.Fetch(0, 100, 2)], core.Handle(new MigrationEvent.FetchFailed(0, "damaged")));
        Assert.Equal([new MigrationEffect.Fetch(0, 100, 3)], core.Handle(new MigrationEvent.FetchFailed(0, "damaged")));
        Assert.Equal([new MigrationEffect.Drop("after 3 attempts: damaged")], core.Handle(new MigrationEvent.FetchFailed(0, "damaged")));
        Assert.Equal(MigrationPhase.Aborted, core.Phase);
    }

    [Theory]
    [InlineData(SequencePhase.Running, true)]
    [InlineData(SequencePhase.Parked, false)]
    public void Request_that_refuses_keeps_its_sequence_where_it_is(SequencePhase phase, bool hadStopped)
    {
        var core = new MigrationCore(new MigrationOffer(phase, 21, 20), Limits);
        Assert.Equal([new MigrationEffect.TakeLeave(0, 100)], core.Begin());
        core.Handle(new MigrationEvent.Left(20, 20));
        var effects = core.Handle(new MigrationEvent.OwnerAnswered(false, "it is over"));
        Assert.Equal(hadStopped ? [new MigrationEffect.LetStay(), new MigrationEffect.Drop("it is over")] : [new MigrationEffect.Drop("it is over")], effects);
        Assert.Empty(core.Handle(new MigrationEvent.OwnerAnswered(true, ""))); // too late
    }

    [Fact]
    public void Source_that_loses_its_cache_meanwhile_costs_no_more_than_what_it_lost()
    {
        var core = Running(300);
        core.Begin();
        Assert.Equal([new MigrationEffect.Fetch(200, 100, 1)], core.Handle(new MigrationEvent.Fetched(0, 100, 300)));
        Assert.Empty(core.Handle(new MigrationEvent.Fetched(100, 40, 140)));
        Assert.Equal([new MigrationEffect.TakeLeave(140, 100)], core.Handle(new MigrationEvent.Fetched(200, 0, 140)));
        core.Handle(new MigrationEvent.Left(0, 0)); // preempted: all of it is gone there
        Assert.Equal([new MigrationEffect.Adopt(140)], core.Handle(new MigrationEvent.OwnerAnswered(true, "")));
    }

    [Fact]
    public void What_the_source_loses_after_it_has_let_go_is_not_asked_for_again_and_again()
    {
        var core = Running(120);
        core.Begin();
        Assert.Equal([new MigrationEffect.TakeLeave(100, 100)], core.Handle(new MigrationEvent.Fetched(0, 100, 120)));
        Assert.Equal([new MigrationEffect.Fetch(120, 40, 1)], core.Handle(new MigrationEvent.Left(160, 20)));
        Assert.Equal([new MigrationEffect.AskOwner()], core.Handle(new MigrationEvent.Fetched(120, 0, 120)));
        Assert.Equal([new MigrationEffect.Adopt(120)], core.Handle(new MigrationEvent.OwnerAnswered(true, "")));
    }

    [Fact]
    public void Any_order_of_answers_ends_with_what_was_really_copied_or_leaves_the_source_as_it_was() =>
        Prop.ForAll(Gen.Choose(0, 1_000_000).ListOf(120).ToArbitrary(), dice => Play([.. dice]))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(11, 7));

    private static MigrationCore Running(int computed) => new(new MigrationOffer(SequencePhase.Running, computed + 1, computed), Limits);

    // A source whose cache grows, and sometimes shrinks, until the sequence has left; answers late, partly, or not at all.
    private static void Play(List<int> dice)
    {
        var parked = dice[0] % 2 == 0;
        var computed = 1 + dice[1] % 700;
        var core = new MigrationCore(new MigrationOffer(parked ? SequencePhase.Parked : SequencePhase.Running, computed + 1, computed), Limits);
        var here = new bool[5000];
        var pending = new Queue<MigrationEffect>(core.Begin());
        var (left, stayed, dropped, adopted) = (false, false, 0, -1);
        var at = 2;
        for (var step = 0; pending.Count > 0; step++)
        {
            Assert.True(step < 2000, "it does not end");
            var roll = dice[at++ % dice.Count] + step;
            if (!left && !parked)
                computed = Math.Max(1, computed + roll % 9 - (roll % 31 == 0 ? 200 : 0));
            var effect = pending.Dequeue();
            if (roll % 4 == 0)
            {
                pending.Enqueue(effect); // another's answer comes first
                effect = pending.Dequeue();
            }

            foreach (var next in core.Handle(Answer(effect, roll)))
                pending.Enqueue(next);
        }

        Assert.True(core.IsOver);
        Assert.Equal(core.Phase == MigrationPhase.Done ? (1, 0) : (0, 1), (adopted >= 0 ? 1 : 0, dropped));
        Assert.Equal(core.Phase == MigrationPhase.Aborted && left && !parked, stayed);
        for (var token = 0; token < adopted; token++)
            Assert.True(here[token], $"token {token} of {adopted} was never copied");

        MigrationEvent Answer(MigrationEffect effect, int roll)
        {
            switch (effect)
            {
                case MigrationEffect.Fetch fetch:
                    if (roll % 13 == 0)
                        return new MigrationEvent.FetchFailed(fetch.First, "lost");
                    var tokens = Math.Max(0, Math.Min(fetch.Most, computed - fetch.First));
                    tokens = roll % 3 == 0 ? roll % (tokens + 1) : tokens;
                    Array.Fill(here, true, fetch.First, tokens);
                    return new MigrationEvent.Fetched(fetch.First, tokens, computed);
                case MigrationEffect.TakeLeave take:
                    left = true;
                    if (roll % 17 == 0)
                        return new MigrationEvent.Broken("out of reach");
                    var last = roll % 3 == 0 ? 0 : Math.Max(0, Math.Min(take.Most, computed - take.First));
                    Array.Fill(here, true, take.First, last);
                    return new MigrationEvent.Left(computed, last);
                case MigrationEffect.AskOwner:
                    return new MigrationEvent.OwnerAnswered(roll % 5 > 0, "no");
                case MigrationEffect.Adopt adopt:
                    adopted = adopt.Cached;
                    break;
                case MigrationEffect.LetStay:
                    stayed = true;
                    break;
                case MigrationEffect.Drop:
                    dropped++;
                    break;
            }

            return new MigrationEvent.Broken("late");
        }
    }
}
