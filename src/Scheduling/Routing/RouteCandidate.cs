using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Routing;

/// <summary>A worker as routing sees it: its last report, adjusted by what was sent there since.</summary>
/// <param name="TakesUntil">Seconds; past it the worker has been silent for too long. Negative infinity: it takes nothing.</param>
/// <param name="LargestContext">Longest context it can hold, in tokens.</param>
/// <param name="FreeTokens">KV tokens free or lent to parked caches, less what is promised to sequences that wait there or are on their way.</param>
/// <param name="CapacityTokens">KV tokens it has.</param>
/// <param name="Sequences">Running, waiting there, and on their way.</param>
/// <param name="Backlog">Of these, waiting there or on their way.</param>
/// <param name="Seats">Sequences it may still be given.</param>
/// <param name="Load">Memory-time that what runs and waits there is still expected to need, token-seconds.</param>
public readonly record struct RouteCandidate(
    string Worker, double TakesUntil, int LargestContext, int FreeTokens, int CapacityTokens, int Sequences, int Backlog, int Seats, double Load,
    DeviceProfile Device)
{
    /// <summary>The time it takes to work off all it has, at full memory.</summary>
    public double DrainSeconds => Load / CapacityTokens;
}
