using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Costs;

/// <summary>What a request is still expected to take of a device, over all its later segments.</summary>
/// <param name="MemoryTime">Area under its memory curve, token-seconds at the pace of a decode alone.</param>
/// <param name="NewTokens">Tokens to generate.</param>
/// <param name="Tokens">Tokens to compute: those, the context that is missing, and what its tools return.</param>
public readonly record struct RemainingWork(double MemoryTime, double NewTokens, double Tokens)
{
    /// <param name="wholeRequest">Off: the coming segment alone.</param>
    public static RemainingWork Of(in RankView request, DeviceProfile device, bool wholeRequest = true)
    {
        var forecast = request.Forecast;
        var segment = request.TokensLeft;
        var area = Costs.MemoryTime.BeforePause(device, request.ContextTokens, request.DeviceTokens, segment);
        var (fresh, returned) = (segment.Mean, 0.0);
        if (wholeRequest && forecast.PauseProbability > 0)
        {
            area += forecast.PauseProbability * Costs.MemoryTime.AfterCall(device, request.ContextTokens + segment.Mean, forecast);
            fresh += forecast.PauseProbability * forecast.TokensAfter.Mean;
            returned = forecast.PauseProbability * (forecast.ReturnTokens + forecast.After.ReturnTokens);
        }

        return new RemainingWork(area, fresh, fresh + returned + Math.Max(0, request.ContextTokens - request.CachedTokens));
    }

    /// <summary>
    /// Seconds of the device that it takes when batches are full: T = a * N + c * max(V / capacity, N / budget), V the context resident summed over
    /// iterations. A token is computed only while its whole context is resident, so memory sets the size of a batch as often as the budget does.
    /// </summary>
    public double DeviceSeconds(DeviceProfile device, int capacityTokens)
    {
        var resident = MemoryTime / device.DecodeSeconds;
        return device.SecondsPerToken * Tokens + device.SecondsPerContextToken * resident
             + device.ConstantSeconds * Math.Max(resident / capacityTokens, Tokens / device.TokensPerIteration);
    }

    /// <summary>Seconds that it takes alone on the device.</summary>
    public double SecondsAlone(DeviceProfile device) => device.DecodeSeconds * NewTokens + device.PrefillSeconds(Tokens - NewTokens);
}
