using Pharos.Scheduling.Prediction;

namespace Pharos.Simulator.Predictions;

/// <summary>The truth: what no scheduler has, and the bound for those that predict.</summary>
public sealed class OraclePredictions : IPredictions
{
    public SegmentForecast Forecast(SimulatedRequest request) => Truth(request);

    public ToolForecast Tool(SimulatedRequest request) => TrueTool(request);

    public void Learn(SimulatedRequest request)
    {
    }

    internal static SegmentForecast Truth(SimulatedRequest request)
    {
        var segment = request.Current;
        int tokens = 0, returned = 0, segments = 0;
        double seconds = 0, growth = 0;
        for (var i = request.Segment + 1; i < request.Session.Segments.Length; i++)
        {
            var later = request.Session.Segments[i];
            growth += (double)later.CompletionTokens * (tokens + returned) + later.CompletionTokens * (double)later.CompletionTokens / 2;
            tokens += later.CompletionTokens;
            returned += later.ReturnedTokens;
            seconds += later.ToolSeconds;
            segments++;
        }

        return new SegmentForecast(
            Estimate.Exactly(segment.CompletionTokens), segment.Tool is null ? 0 : 1, segment.Tool, Estimate.Exactly(segment.ToolSeconds),
            segment.ReturnedTokens, Estimate.Exactly(tokens), new Outlook(segments, seconds, returned, growth));
    }

    internal static ToolForecast TrueTool(SimulatedRequest request)
    {
        var (_, tool, seconds, returned) = request.Current;
        return new ToolForecast(tool!, 1, Estimate.Exactly(seconds), seconds, seconds, seconds, returned);
    }
}
