using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Answers;

/// <summary>
/// Makes one answer of the two streams it comes in: notices say what is valid, deltas carry the text. Every token is given once and in
/// order, whichever workers produced it and however often. Pure: no clock, no calls; <see cref="AnswerStream"/> is its shell.
/// </summary>
/// <remarks>
/// An epoch's deltas count only after the notice that placed it; earlier ones wait, those of older epochs are void. Notices of what
/// follows a segment wait until the segment's last delta is there. A gap in the positions is a loss like a broken feed. A segment that has
/// ended here may still be lost, until the request says that it knows: it is then placed once more, and nothing of it is given again.
/// </remarks>
internal sealed class AnswerMerge
{
    private readonly SortedDictionary<int, List<(string Worker, SequenceDelta Delta)>> _early = [];
    private readonly Queue<RequestNotice> _waiting = new();
    private readonly List<AnswerEvent> _events = [];
    private readonly List<AnswerEffect> _effects = [];
    private readonly DeliveredSegment _segment = new();
    private string? _worker;
    private int _epoch;
    private int _lostEpoch;
    private bool _segmentOpen;
    private int _endedSegment = -1; // the last one whose end was given
    private bool _isConfirmed; // the request has said something that follows the running segment's end
    private SegmentEndReason? _lastEnd;
    private RequestNotice? _ended; // the request's word that the running segment is over
    private bool _followEnded;

    /// <summary>Nothing more will come of it.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Takes the next input; the two lists are valid until the next call.</summary>
    public (IReadOnlyList<AnswerEvent> Events, IReadOnlyList<AnswerEffect> Effects) Handle(AnswerInput input)
    {
        _events.Clear();
        _effects.Clear();
        if (!IsOver)
            Take(input);
        return (_events, _effects);
    }

    private void Take(AnswerInput input)
    {
        switch (input)
        {
            case AnswerInput.Notice { Value: var notice }:
                Take(notice);
                break;
            case AnswerInput.Delta { Worker: var worker, Value: var delta }:
                if (delta.Epoch > _epoch)
                    Keep(worker, delta);
                else if (delta.Epoch == _epoch)
                    Deliver(delta);
                break;
            case AnswerInput.FeedLost { Worker: var worker }:
                if (worker == _worker && (_segmentOpen || !_isConfirmed))
                    Lose();
                break;
            case AnswerInput.FollowEnded:
                _followEnded = true;
                FailIfNothingCanCome();
                break;
            case AnswerInput.FollowFailed { Because: var because }:
                Fail(because);
                break;
        }
    }

    private void Take(RequestNotice notice)
    {
        if (notice.Kind == NoticeKind.Placed)
            Place(notice);
        else if (notice.Kind == NoticeKind.SegmentEnded)
            TakeEnd(notice);
        else if (notice.Kind is NoticeKind.Queued or NoticeKind.Failed)
            Tell(notice);
        else
            TakeFollowing(notice);
    }

    private void TakeFollowing(RequestNotice notice)
    {
        _isConfirmed = true;
        // The last word: the request has all the text, and a delta that was lost on the way would be waited for in vain.
        if (_segmentOpen && notice.Kind is NoticeKind.Parked or NoticeKind.Finished && _ended is { End: { } end } ended)
            EndSegment(_segment.Rest(ended), end);
        if (_segmentOpen)
            _waiting.Enqueue(notice);
        else
            Tell(notice);
    }

    private void Place(RequestNotice notice)
    {
        if (notice.Epoch <= _epoch)
            return; // said again after Follow was reopened
        if (_segmentOpen && _ended is { End: { } end } ended)
            EndSegment(_segment.Rest(ended), end); // the segment before this one was lost with its worker
        while (_waiting.TryDequeue(out var missed))
            Tell(missed);
        (_worker, _epoch) = (notice.Worker, notice.Epoch);
        _isConfirmed = false;
        _effects.Add(new AnswerEffect.OpenFeed(notice.Worker!));
        var early = _early.GetValueOrDefault(_epoch, []);
        foreach (var old in _early.Keys.Where(epoch => epoch <= _epoch).ToList())
            _early.Remove(old);
        _segmentOpen = notice.SegmentStart != _endedSegment; // one that has ended is done again for the request alone
        if (!_segmentOpen)
            return;
        if (notice.Text is { } model)
            _events.Add(new AnswerEvent.AnsweredBy(model));
        if (!_segment.Begin(notice.SegmentStart, notice.Position))
        {
            Lose();
            return;
        }
        foreach (var (worker, delta) in early)
        {
            if (worker == _worker)
                Deliver(delta);
        }
    }

    // Text comes from the worker; where the worker was lost with the last of it, from the request.
    private void TakeEnd(RequestNotice notice)
    {
        _isConfirmed = true;
        if (notice.SegmentStart > _segment.Start && _segmentOpen && _ended is { End: { } past } before)
            EndSegment(_segment.Rest(before), past); // told by a new activation, which says nothing of placings
        if (notice.SegmentStart > _segment.Start && !_segmentOpen)
            _segmentOpen = _segment.Begin(notice.SegmentStart, notice.SegmentStart); // its placing was never told: all of it is here
        else if (notice.SegmentStart != _segment.Start)
            return;
        if (!_segmentOpen)
            return;
        _ended = notice;
        if (_lostEpoch == _epoch || notice.Epoch > _epoch)
            EndSegment(_segment.Rest(notice), notice.End!);
    }

    private void Keep(string worker, SequenceDelta delta)
    {
        if (!_early.TryGetValue(delta.Epoch, out var deltas))
            _early[delta.Epoch] = deltas = [];
        deltas.Add((worker, delta));
    }

    private void Deliver(SequenceDelta delta)
    {
        if (!_segmentOpen || _epoch == _lostEpoch)
            return;
        if (!_segment.TryTake(delta, out var fresh))
        {
            Lose();
            return;
        }
        if (delta.End is { } end)
            EndSegment(fresh, end);
        else if (!fresh.IsEmpty)
            _events.Add(new AnswerEvent.Text(_segment.Start, fresh));
    }

    private void EndSegment(FreshText rest, SegmentEnd end)
    {
        if (!rest.IsEmpty)
            _events.Add(new AnswerEvent.Text(_segment.Start, rest));
        _segmentOpen = false;
        _endedSegment = _segment.Start;
        _ended = null;
        _lastEnd = end.Reason;
        _events.Add(new AnswerEvent.SegmentEnded(_segment.Start, end));
        while (_waiting.TryDequeue(out var notice))
            Tell(notice);
    }

    private void Tell(RequestNotice notice)
    {
        switch (notice.Kind)
        {
            case NoticeKind.Queued:
                _events.Add(new AnswerEvent.Waiting(notice.Text));
                break;
            case NoticeKind.ToolStarted:
                _events.Add(new AnswerEvent.ToolStarted(notice.Call!));
                break;
            case NoticeKind.ToolReturned:
                _events.Add(new AnswerEvent.ToolReturned(notice.Result!));
                break;
            case NoticeKind.Finished when notice.Reason == SegmentEndReason.Cancelled:
                Fail("The request was cancelled.");
                break;
            case NoticeKind.Parked or NoticeKind.Finished when _lastEnd is { } reason:
                _events.Add(new AnswerEvent.Ended(reason, notice.Usage!)); // the delta's reason: a notice said again after a failover knows less
                IsOver = true;
                break;
            case NoticeKind.Parked or NoticeKind.Finished:
                Fail("The answer was lost: the request ended before its tokens could be had.");
                break;
            case NoticeKind.Failed:
                Fail(notice.Text ?? "The request could not be served.", notice.TooLarge, notice.RetryAfterSeconds);
                break;
        }
    }

    private void Lose()
    {
        if (_lostEpoch == _epoch)
            return;
        _lostEpoch = _epoch;
        if (_ended is { End: { } end } ended)
        {
            EndSegment(_segment.Rest(ended), end);
            return;
        }

        _effects.Add(new AnswerEffect.ReportLoss(_worker!, _epoch, _segment.Tokens));
        FailIfNothingCanCome();
    }

    /// <summary>The request is done, and the rest of its text was lost with the worker: nobody can send it again.</summary>
    private void FailIfNothingCanCome()
    {
        if (_followEnded && !IsOver && (!_segmentOpen || _lostEpoch == _epoch))
            Fail($"The end of the answer was lost with worker {_worker}.");
    }

    private void Fail(string because, bool tooLarge = false, double? retryAfterSeconds = null)
    {
        _events.Add(new AnswerEvent.Failed(because, tooLarge, retryAfterSeconds));
        IsOver = true;
    }
}
