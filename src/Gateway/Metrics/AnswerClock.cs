using Pharos.Gateway.Chat;
using Pharos.Scheduling.Batching;

namespace Pharos.Gateway.Metrics;

/// <summary>Times one answer as its client sees it.</summary>
/// <param name="arrived">The provider's timestamp of its request's arrival.</param>
/// <param name="objective">What its client may expect; null: what all requests may.</param>
internal sealed class AnswerClock(GatewayMetrics metrics, TimeProvider time, long arrived, ServiceObjective? objective)
{
    private readonly ServiceObjective _objective = objective ?? metrics.Objective;
    private long? _lastText;
    private long? _segmentAt; // a tool's time is not the model's
    private bool _isFirstOfSegment = true, _firstWasLate;
    private int _gaps, _lateGaps;

    public void Saw(ChatEvent step)
    {
        switch (step)
        {
            case ChatEvent.Content or ChatEvent.CallStarted or ChatEvent.CallArguments:
                var now = time.GetTimestamp();
                var seconds = time.GetElapsedTime(_lastText ?? arrived, now).TotalSeconds;
                if (_lastText is null)
                    metrics.FirstText(seconds);
                else
                    metrics.NextText(seconds);
                Judge(_isFirstOfSegment ? time.GetElapsedTime(_segmentAt ?? arrived, now).TotalSeconds : seconds);
                _lastText = now;
                break;
            case ChatEvent.ServerCall or ChatEvent.ServerResult:
                _segmentAt = time.GetTimestamp();
                _lastText = _lastText is null ? null : _segmentAt;
                _isFirstOfSegment = true;
                break;
            case ChatEvent.Ended { FinishReason: var reason, Usage: var usage }:
                Http.RequestSpan.Answered(reason, usage);
                metrics.Answered(reason, usage, time.GetElapsedTime(arrived).TotalSeconds);
                metrics.Judged(_firstWasLate ? Pace.LateFirst : _lateGaps > _gaps / 100 ? Pace.LateGaps : Pace.Met);
                break;
        }
    }

    // The 99th percentile: of a hundred gaps one may be late.
    private void Judge(double seconds)
    {
        if (_isFirstOfSegment)
        {
            _firstWasLate |= seconds > _objective.FirstTokenSeconds;
        }
        else
        {
            _gaps++;
            _lateGaps += seconds > _objective.TokenGapSeconds ? 1 : 0;
        }

        _isFirstOfSegment = false;
    }
}

/// <summary>How an answer came, by its objective.</summary>
internal enum Pace
{
    Met,

    /// <summary>A segment's first text was late.</summary>
    LateFirst,

    /// <summary>More than one of a hundred gaps between texts were too long.</summary>
    LateGaps,
}
