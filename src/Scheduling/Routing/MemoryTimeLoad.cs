using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Routing;

/// <summary>Memory-time that a request is still expected to need, in token-seconds: what loads are added up of.</summary>
public static class MemoryTimeLoad
{
    /// <summary>
    /// Its segment and what is expected to follow it, of a request that has <paramref name="contextTokens"/>, <paramref name="cachedTokens"/> of
    /// them in a cache, and has generated <paramref name="generatedTokens"/> of the segment.
    /// </summary>
    public static double OfSegment(DeviceProfile device, int contextTokens, int cachedTokens, int generatedTokens, SegmentForecast forecast)
    {
        var left = forecast.TokensLeft(generatedTokens);
        var load = MemoryTime.BeforePause(device, contextTokens, cachedTokens, left);
        return forecast.PauseProbability <= 0
            ? load
            : load + forecast.PauseProbability * MemoryTime.AfterCall(device, contextTokens + left.Mean, forecast);
    }
}
