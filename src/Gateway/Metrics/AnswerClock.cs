using Pharos.Gateway.Chat;

namespace Pharos.Gateway.Metrics;

/// <summary>Times one answer as its client sees it.</summary>
internal sealed class AnswerClock(GatewayMetrics metrics, TimeProvider time)
{
    private readonly long _arrived = time.GetTimestamp();
    private long? _lastText;

    public void Saw(ChatEvent step)
    {
        switch (step)
        {
            case ChatEvent.Content or ChatEvent.CallStarted or ChatEvent.CallArguments:
                var now = time.GetTimestamp();
                if (_lastText is { } last)
                    metrics.NextText(time.GetElapsedTime(last, now).TotalSeconds);
                else
                    metrics.FirstText(time.GetElapsedTime(_arrived, now).TotalSeconds);
                _lastText = now;
                break;
            case ChatEvent.ServerCall:
                _lastText = _lastText is null ? null : time.GetTimestamp(); // the tool's time is not the model's
                break;
            case ChatEvent.Ended { FinishReason: var reason, Usage: var usage }:
                metrics.Answered(reason, usage, time.GetElapsedTime(_arrived).TotalSeconds);
                break;
        }
    }
}
