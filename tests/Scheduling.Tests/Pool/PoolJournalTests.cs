using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Pool;

public sealed class PoolJournalTests
{
    private readonly PoolJournal journal = new(capacity: 4);

    [Fact]
    public void A_life_with_a_tool_is_told_from_arrival_to_end()
    {
        journal.Queued(Descriptor("r", at: 10), 10);
        journal.Placed("r", "w", 11);
        journal.Reported(Snapshot("w", "r", SequencePhase.Running, context: 40), 12);
        journal.Reported(Snapshot("w", "r", SequencePhase.Parked, context: 45), 13);
        journal.Learned(new SegmentOutcome("r", 0, 30, 15, [new ToolOutcome("weather", 2, 8)], Ended: false), 15);
        journal.Queued(Descriptor("r", at: 10, segment: 1, tokens: 53), 15);
        journal.Placed("r", "w", 15.5);
        journal.Learned(new SegmentOutcome("r", 1, 53, 7, [], Ended: true), 17);
        journal.Withdrawn("r", 17.1); // what is over stays as it was

        var life = Assert.Single(journal.Latest(10));
        Assert.Equal((SummaryState.Finished, 10.0, 17.0, 30, 53), (life.State, life.ArrivalAt, life.EndedAt, life.PromptTokens, life.ContextTokens));
        Assert.True(life.IsWhole());
        Assert.Equal(
            [(SummaryState.Queued, 10, 11), (SummaryState.Running, 11, 13), (SummaryState.CallingTools, 13, 15), (SummaryState.Queued, 15, 15.5), (SummaryState.Running, 15.5, 17)],
            life.Spans.Select(span => (span.State, span.From, span.To!.Value)));
    }

    [Fact]
    public void Report_that_was_made_before_the_tool_returned_parks_nothing()
    {
        journal.Queued(Descriptor("r", at: 10), 10);
        journal.Placed("r", "w", 10);
        journal.Reported(Snapshot("w", "r", SequencePhase.Parked, context: 45), 11);
        journal.Learned(new SegmentOutcome("r", 0, 30, 15, [new ToolOutcome("fast", 1, 8)], Ended: false), 12);
        journal.Queued(Descriptor("r", at: 10, segment: 1), 12);
        journal.Placed("r", "w", 12);
        journal.Reported(Snapshot("w", "r", SequencePhase.Parked, context: 45), 12.1); // the worker had not heard of the new turn
        Assert.Equal(SummaryState.Running, journal.Latest(1)[0].State);
        journal.Reported(Snapshot("w", "r", SequencePhase.Parked, context: 60, epoch: 2), 13);
        Assert.Equal(SummaryState.CallingTools, journal.Latest(1)[0].State);
    }

    [Fact]
    public void Tool_wait_that_no_report_showed_is_known_from_the_tools_time()
    {
        journal.Queued(Descriptor("r", at: 10), 10);
        journal.Placed("r", "w", 10);
        journal.Learned(new SegmentOutcome("r", 0, 30, 15, [new ToolOutcome("fast", 0.1, 8)], Ended: false), 10.3);
        journal.Queued(Descriptor("r", at: 10, segment: 1), 10.3);
        Assert.Contains(journal.Latest(1)[0].Spans, span => span is { State: SummaryState.CallingTools, To: 10.3 } && Math.Abs(span.From - 10.2) < 1e-9);
    }

    [Fact]
    public void One_that_leaves_is_cancelled_and_one_that_comes_back_lives_on()
    {
        journal.Queued(Descriptor("r", at: 1), 1);
        journal.Withdrawn("r", 2);
        Assert.Equal((SummaryState.Cancelled, 2.0), (journal.Latest(1)[0].State, journal.Latest(1)[0].EndedAt));
        journal.Queued(Descriptor("r", at: 1), 3);
        Assert.Equal((SummaryState.Queued, null), (journal.Latest(1)[0].State, journal.Latest(1)[0].EndedAt));
        Assert.False(journal.Latest(1)[0].IsWhole());
    }

    [Fact]
    public void Ended_ones_are_forgotten_before_those_that_live()
    {
        foreach (var i in Enumerable.Range(0, 4))
            journal.Queued(Descriptor($"r{i}", at: i), i);
        journal.Learned(new SegmentOutcome("r2", 0, 30, 5, [], Ended: true), 5);
        journal.Queued(Descriptor("r4", at: 6), 6);
        Assert.Equal(["r4", "r3", "r1", "r0"], journal.Latest(10).Select(request => request.Request));
        journal.Queued(Descriptor("r5", at: 7), 7);
        Assert.Equal(["r5", "r4", "r3", "r1"], journal.Latest(10).Select(request => request.Request));
        Assert.Equal(["r5"], journal.Latest(1).Select(request => request.Request));
    }

    [Fact]
    public void Whatever_it_hears_it_stays_within_its_bound_and_spans_follow_each_other() => Check.QuickThrowOnFailure(
        Prop.ForAll(ArbMap.Default.ArbFor<(int Request, int What)[]>(), words =>
        {
            var heard = new PoolJournal(capacity: 4);
            var now = 0.0;
            foreach (var (number, what) in words)
            {
                var request = $"r{Math.Abs(number % 7)}";
                now += 0.25;
                switch (Math.Abs(what % 7))
                {
                    case 0 or 1: heard.Queued(Descriptor(request, now), now); break;
                    case 2: heard.Placed(request, "w", now); break;
                    case 3: heard.Reported(Snapshot("w", request, SequencePhase.Parked, 9), now); break;
                    case 4: heard.Learned(new SegmentOutcome(request, 0, 9, 1, [new ToolOutcome("t", 0.1, 1)], Ended: false), now); break;
                    case 5: heard.Learned(new SegmentOutcome(request, 0, 9, 1, [], Ended: true), now); break;
                    default: heard.Withdrawn(request, now); break;
                }

                Assert.InRange(heard.Count, 0, 4);
                foreach (var one in heard.Latest(10))
                {
                    Assert.Equal(one.IsOver(), one.EndedAt is not null);
                    Assert.All(one.Spans.SkipLast(1), span => Assert.True(span.To >= span.From));
                    Assert.Equal(one.Spans.Select(span => span.From).Order(), one.Spans.Select(span => span.From));
                }
            }
        }));

    private static RequestDescriptor Descriptor(string request, double at, int segment = 0, int tokens = 30) =>
        new(request, segment + 1, "t", 0, at, at, segment, tokens, 100, null, 0, ToolUse.Server);

    private static WorkerSnapshot Snapshot(string worker, string request, SequencePhase phase, int context, int epoch = 1) => new(
        worker, "silo", "cpu:0", "m", 1, 1, WorkerState.Active, new KvUse(16, 1, 100, 50, 0, 0, 0), 256, 1000, 0, 0,
        [new HeldSequence(request, epoch, phase, context, context, 0)], new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100);
}
