using System.Collections.Immutable;
using Pharos.Gateway.Answers;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Tests;

public sealed class AnswerMergeTests
{
    private readonly AnswerMerge _merge = new();
    private readonly List<AnswerEvent> _events = [];
    private readonly List<AnswerEffect> _effects = [];
    private int _number;

    private string Text => string.Concat(_events.OfType<AnswerEvent.Text>().Select(text => text.Value));

    private IEnumerable<AnswerEffect.ReportLoss> Losses => _effects.OfType<AnswerEffect.ReportLoss>();

    [Fact]
    public void Handle_PlacedThenDeltas_GivesTextAndEnd()
    {
        Placed("w1", epoch: 1, position: 10);
        Delta("w1", 1, 10, [1, 2], "Hel");
        Delta("w1", 1, 12, [3], "lo", SegmentEndReason.Length);
        Finished();

        Assert.Equal("Hello", Text);
        Assert.Equal(new AnswerEffect.OpenFeed("w1"), Assert.Single(_effects));
        Assert.Equal(SegmentEndReason.Length, Assert.IsType<AnswerEvent.Ended>(_events[^1]).Reason);
        Assert.True(_merge.IsOver);
    }

    [Fact]
    public void Handle_DeltasBeforeTheirPlaced_WaitForIt()
    {
        Delta("w1", 1, 10, [1], "a");
        Assert.Empty(_events);

        Placed("w1", 1, 10);
        Delta("w1", 1, 11, [2], "b");

        Assert.Equal("ab", Text);
    }

    [Fact]
    public void Handle_FinishedBeforeTheLastDelta_WaitsForIt()
    {
        Placed("w1", 1, 10);
        Finished();
        Follow();
        Assert.Empty(_events);

        Delta("w1", 1, 10, [1], "all", SegmentEndReason.Stop);

        Assert.Equal("all", Text);
        Assert.IsType<AnswerEvent.Ended>(_events[^1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Handle_WorkerLostAfterTheSegmentEnded_GivesTheRestFromTheNotice(bool noticeFirst)
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1, 2], "Hel");
        if (noticeFirst)
            SegmentEnded(10, "Hello");
        Take(new AnswerInput.FeedLost("w1"));
        if (!noticeFirst)
            SegmentEnded(10, "Hello");
        Finished();

        Assert.Equal("Hello", Text);
        Assert.Equal(SegmentEndReason.Stop, Assert.IsType<AnswerEvent.Ended>(_events[^1]).Reason);
        Assert.Equal(noticeFirst ? 0 : 1, Losses.Count()); // a loss is told only while the segment may still go on
    }

    [Fact]
    public void Handle_SegmentWhosePlacingWasNeverTold_IsGivenFromItsEnd()
    {
        Notice(new(0, NoticeKind.SegmentEnded, "w1", 1, 10, Text: "Hello", Reason: SegmentEndReason.Stop, End: Fakes.End(SegmentEndReason.Stop)));
        Finished();

        Assert.Equal("Hello", Text);
        Assert.IsType<AnswerEvent.Ended>(_events[^1]);
    }

    [Fact]
    public void Handle_OldEpoch_IsDropped()
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1], "a");
        Placed("w2", 2, 11);
        Delta("w1", 1, 11, [9], "stale");
        Delta("w2", 2, 11, [2], "b");

        Assert.Equal("ab", Text);
        Assert.Empty(Losses);
    }

    [Fact]
    public void Handle_Gap_IsALossWithWhatWasDelivered()
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1, 2], "ab");
        Delta("w1", 1, 13, [4], "d");
        Delta("w1", 1, 14, [5], "e");

        Assert.Equal("ab", Text);
        var loss = Assert.Single(Losses);
        Assert.Equal(("w1", 1), (loss.Worker, loss.Epoch));
        Assert.Equal([1, 2], loss.Delivered.ToArray());
    }

    [Fact]
    public void Handle_FeedLost_GoesOnAtTheNextWorker()
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1, 2], "ab");
        Take(new AnswerInput.FeedLost("w1"));
        Take(new AnswerInput.FeedLost("w1"));
        Assert.Equal([1, 2], Assert.Single(Losses).Delivered.ToArray());

        Placed("w2", 2, 12, segmentStart: 10);
        Delta("w2", 2, 12, [3], "c", SegmentEndReason.Stop);
        Finished();

        Assert.Equal("abc", Text);
        Assert.True(_merge.IsOver);
    }

    [Fact]
    public void Handle_FeedLostElsewhere_IsNoLoss()
    {
        Placed("w1", 1, 10);
        Take(new AnswerInput.FeedLost("w2"));

        Assert.Empty(Losses);
    }

    [Fact]
    public void Handle_SegmentBegunAgain_GivesOnlyWhatIsNew()
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1], "a");
        Delta("w1", 1, 11, [2, 3], "bc");

        Placed("w2", 2, 10);
        Delta("w2", 2, 10, [1, 2], "ab");
        Delta("w2", 2, 12, [3, 4], "cd", SegmentEndReason.Stop);

        Assert.Equal("abcd", Text);
        Assert.Empty(Losses);
    }

    [Fact]
    public void Handle_BegunAgainMidway_MatchesTextThatLagsBehindTokens()
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1], "");
        Delta("w1", 1, 11, [2], "ab");
        Delta("w1", 1, 12, [3], "c");

        Placed("w2", 2, 12, segmentStart: 10);
        Delta("w2", 2, 12, [3, 4], "cd");

        Assert.Equal("abcd", Text);
    }

    [Fact]
    public void Handle_ServerTools_KeepTheirPlaceBetweenTheSegments()
    {
        Placed("w1", 1, 10);
        Notice(new(0, NoticeKind.ToolStarted, Call: new ToolCall("c", "calculator", "{}")));
        Notice(new(0, NoticeKind.ToolReturned, Result: new ToolResult("c", "calculator", "2", 0.1, false)));
        Delta("w1", 1, 10, [1], "call", SegmentEndReason.ToolCalls);
        Placed("w1", 2, 20);
        Delta("w1", 2, 20, [2], "answer", SegmentEndReason.Stop);
        Finished();

        Assert.Equal(
            ["Text", "SegmentEnded", "ToolStarted", "ToolReturned", "Text", "SegmentEnded", "Ended"],
            _events.Select(one => one.GetType().Name));
    }

    [Fact]
    public void Handle_EndLostWithItsWorker_FailsRatherThanCutTheAnswer()
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1], "a");
        Finished();
        Follow();
        Take(new AnswerInput.FeedLost("w1"));

        Assert.IsType<AnswerEvent.Failed>(_events[^1]);
        Assert.True(_merge.IsOver);
    }

    [Fact]
    public void Handle_WorkerLostAfterTheLastDeltaButUnknownToTheRequest_IsALossAndTheEndIsGivenOnce()
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1, 2], "call", SegmentEndReason.ToolCalls);
        Take(new AnswerInput.FeedLost("w1"));
        Take(new AnswerInput.FeedLost("w1"));
        Assert.Equal([1, 2], Assert.Single(Losses).Delivered.ToArray());

        Delta("w2", 2, 12, [], "", SegmentEndReason.ToolCalls);
        Placed("w2", 2, 12, segmentStart: 10);
        Notice(new(0, NoticeKind.ToolStarted, Call: new ToolCall("c", "calculator", "{}")));
        Placed("w2", 3, 20);
        Delta("w2", 3, 20, [3], "answer", SegmentEndReason.Stop);
        Finished();

        Assert.Equal("callanswer", Text);
        Assert.Equal([10, 20], _events.OfType<AnswerEvent.SegmentEnded>().Select(end => end.SegmentStart));
        Assert.True(_merge.IsOver);
    }

    [Fact]
    public void Handle_WorkerOfAnEndedSegmentLostTwice_IsTwoLossesWithTheWholeSegment()
    {
        Placed("w1", 1, 10);
        Delta("w1", 1, 10, [1, 2], "ab", SegmentEndReason.Stop);
        Take(new AnswerInput.FeedLost("w1"));
        Placed("w2", 2, 12, segmentStart: 10);
        Take(new AnswerInput.FeedLost("w2"));
        Placed("w3", 3, 12, segmentStart: 10);
        SegmentEnded(10, "ab");
        Take(new AnswerInput.FeedLost("w3"));
        Finished();

        Assert.Equal([("w1", 1), ("w2", 2)], Losses.Select(loss => (loss.Worker, loss.Epoch)));
        Assert.All(Losses, loss => Assert.Equal([1, 2], loss.Delivered.ToArray()));
        Assert.Equal("ab", Text);
        Assert.IsType<AnswerEvent.Ended>(_events[^1]);
    }

    [Theory]
    [InlineData(NoticeKind.SegmentEnded, true)]
    [InlineData(NoticeKind.SegmentEnded, false)]
    [InlineData(NoticeKind.ToolStarted, true)]
    [InlineData(NoticeKind.ToolStarted, false)]
    public void Handle_WorkerLostAfterTheRequestKnowsTheEnd_IsNoLoss(NoticeKind word, bool wordFirst)
    {
        Placed("w1", 1, 10);
        if (wordFirst)
            Say();
        Delta("w1", 1, 10, [1], "a", SegmentEndReason.ToolCalls);
        if (!wordFirst)
            Say();
        Take(new AnswerInput.FeedLost("w1"));

        Assert.Empty(Losses);

        void Say()
        {
            if (word == NoticeKind.SegmentEnded)
                SegmentEnded(10, "a");
            else
                Notice(new(0, word, Call: new ToolCall("c", "calculator", "{}")));
        }
    }

    [Fact]
    public void Handle_Failed_EndsAtOnce()
    {
        Placed("w1", 1, 10);
        Notice(new(0, NoticeKind.Failed, Text: "no worker fits"));

        Assert.Equal(new AnswerEvent.Failed("no worker fits"), _events[^1]);
    }

    [Fact]
    public void LogProbabilities_AreGivenOnceEach_ThoughTheirTextComesTwiceOrFromTheRequest()
    {
        Placed("w1", 1, 10);
        Take(new AnswerInput.Delta("w1", Told(1, 10, [7, 8], "ab")));
        Take(new AnswerInput.FeedLost("w1"));
        Placed("w2", 2, 10, segmentStart: 10); // from the beginning, though two tokens are here
        Take(new AnswerInput.Delta("w2", Told(2, 10, [7, 8, 9], "abc")));
        Take(new AnswerInput.FeedLost("w2"));
        Notice(new(
            0, NoticeKind.SegmentEnded, Epoch: 3, SegmentStart: 10, Text: "abcde", Reason: SegmentEndReason.Stop,
            End: Fakes.End(SegmentEndReason.Stop) with { GeneratedTokens = 5 }, Logprobs: [.. ((int[])[9, 5, 6]).Select(One)]));
        Finished();

        Assert.Equal("abcde", Text);
        Assert.Equal([7, 8, 9, 5, 6], _events.OfType<AnswerEvent.Text>().SelectMany(text => text.Fresh.Logprobs).Select(one => one.Token));

        static SequenceDelta Told(int epoch, int position, ImmutableArray<int> tokens, string text) =>
            new("r", epoch, position, tokens, text, null, [.. tokens.Select(One)]);

        static TokenLogprob One(int token) => new(token, -1, []);
    }

    private void Placed(string worker, int epoch, int position, int? segmentStart = null) =>
        Notice(new(0, NoticeKind.Placed, worker, epoch, segmentStart ?? position, position));

    private void Finished() => Notice(new(0, NoticeKind.Finished, Usage: RequestUsage.None, Reason: SegmentEndReason.Stop));

    private void SegmentEnded(int start, string text) =>
        Notice(new(0, NoticeKind.SegmentEnded, SegmentStart: start, Text: text, Reason: SegmentEndReason.Stop, End: Fakes.End(SegmentEndReason.Stop)));

    private void Follow() => Take(new AnswerInput.FollowEnded());

    private void Notice(RequestNotice notice) => Take(new AnswerInput.Notice(notice with { Number = _number++ }));

    private void Delta(string worker, int epoch, int position, ImmutableArray<int> tokens, string text, SegmentEndReason? end = null) =>
        Take(new AnswerInput.Delta(worker, new SequenceDelta("r", epoch, position, tokens, text, end is { } reason ? Fakes.End(reason) : null)));

    private void Take(AnswerInput input)
    {
        var (events, effects) = _merge.Handle(input);
        _events.AddRange(events);
        _effects.AddRange(effects);
    }
}
