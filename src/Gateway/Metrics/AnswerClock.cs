using Pharos.Gateway.Chat;

namespace Pharos.Gateway.Metrics;

/// <summary>Times one answer as its client sees it.</summary>
/// <param name="arrived">The provider's timestamp of its request's arrival.</param>
internal sealed class AnswerClock(GatewayMetrics metrics, TimeProvider time, long arrived)
{
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
                    metrics.FirstText(time.GetElapsedTime(arrived, now).TotalSeconds);
                _lastText = now;
                break;
            case ChatEvent.ServerCall:
                _lastText = _lastText is null ? null : time.GetTimestamp(); // the tool's time is not the model's
                break;
            case ChatEvent.Ended { FinishReason: var reason, Usage: var usage }:
                Http.RequestSpan.Answered(reason, usage);
                metrics.Answered(reason, usage, time.GetElapsedTime(arrived).TotalSeconds);
                break;
        }
    }
}
