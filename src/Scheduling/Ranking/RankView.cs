using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Ranking;

/// <summary>What a ranking may look at.</summary>
/// <param name="ArrivalAt">First arrival of the request, seconds.</param>
/// <param name="ContextTokens">Tokens to hold before the next new one.</param>
/// <param name="CachedTokens">Of these, in a cache: on the device, or in the host tier.</param>
/// <param name="GeneratedTokens">Tokens of the running segment generated so far.</param>
public readonly record struct RankView(
    double ArrivalAt, int ContextTokens, int CachedTokens, int GeneratedTokens, SegmentForecast Forecast)
{
    public string Request { get; init; } = "";

    public double Now { get; init; }

    /// <summary>When it began to wait for this segment, seconds.</summary>
    public double QueuedAt { get; init; }

    /// <summary>Of the cached tokens, on the device.</summary>
    public int DeviceTokens { get; init; }

    /// <summary>Segments that it ended on this device: 0 for a request that has not called a tool yet.</summary>
    public int Segment { get; init; }

    /// <summary>Tokens generated over all its segments.</summary>
    public int TotalGenerated { get; init; }

    /// <summary>Attained service: seconds of the iterations it took part in, over all its segments.</summary>
    public double ServiceSeconds { get; init; }

    /// <summary>The same in iterations.</summary>
    public int ServiceIterations { get; init; }

    /// <summary>When an iteration last ran it, seconds; null for one that never ran.</summary>
    public double? RanAt { get; init; }

    /// <summary>Seconds that its tools have taken, over all its segments.</summary>
    public double ToolSeconds { get; init; }

    /// <summary>It has been served to its end.</summary>
    public bool IsDone { get; init; }

    /// <summary>Iterations that ran without it since this segment began to wait.</summary>
    public int PassedOver { get; init; }

    /// <summary>How often it lost its place since this segment began to wait.</summary>
    public int Preemptions { get; init; }

    /// <summary>Tokens still to come of the running segment: those generated of it rule out every shorter length.</summary>
    public Estimate TokensLeft => Forecast.TokensLeft(GeneratedTokens);

    /// <summary>Context that must be copied in or computed before it can go on.</summary>
    public int MissingTokens => ContextTokens - DeviceTokens;

    /// <summary>It has a cache, and all of it is on the device.</summary>
    public bool IsResident => DeviceTokens > 0 && DeviceTokens == CachedTokens;
}
