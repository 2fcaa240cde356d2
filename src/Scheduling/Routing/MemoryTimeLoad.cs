using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Routing;

/// <summary>Memory-time that a request is still expected to need, in token-seconds: what loads are added up of.</summary>
public static class MemoryTimeLoad
{
    /// <summary>Its segment and what is expected to follow it, of a request that has <paramref name="contextTokens"/>, <paramref name="cachedTokens"/> of them in a cache, and generates.</summary>
    /// <param name="generatedTokens">Generated of this segment so far. One that outlives its forecast is expected to go on by a tenth of it.</param>
    public static double OfSegment(DeviceProfile device, int contextTokens, int cachedTokens, int generatedTokens, SegmentForecast forecast)
    {
        var left = generatedTokens == 0
            ? forecast.TokensToPause
            : Estimate.Exactly(Math.Max(forecast.TokensToPause.Mean - generatedTokens, Math.Max(1, generatedTokens * 0.1)));
        return MemoryTime.BeforePause(device, contextTokens, cachedTokens, left) + AfterIt(device, contextTokens + left.Mean, forecast);
    }

    private static double AfterIt(DeviceProfile device, double context, SegmentForecast forecast) =>
        forecast.PauseProbability <= 0
            ? 0
            : forecast.PauseProbability * MemoryTime.AfterPause(device, context, forecast.ReturnTokens, forecast.TokensAfter);
}
