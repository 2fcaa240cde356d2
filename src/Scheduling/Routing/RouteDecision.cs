using System.Globalization;

namespace Pharos.Scheduling.Routing;

/// <summary>The record of one routing decision: what the chosen worker and the best other one were expected to cost.</summary>
/// <param name="WaitSeconds">Expected wait for memory on <paramref name="Worker"/>.</param>
/// <param name="ReloadSeconds">Expected time to have the context on its device.</param>
/// <param name="CachedTokens">Tokens of the context that are cached there.</param>
/// <param name="DrainSeconds">Memory-time that worker still has to serve, as seconds at full memory.</param>
/// <param name="Owner">Worker that holds a cache of it, if any.</param>
/// <param name="OwnerSeconds">Wait and reload there; 0 without an owner.</param>
/// <param name="MovesCache">The cache is copied from its owner.</param>
/// <param name="Model">What that worker runs.</param>
[GenerateSerializer, Alias("pharos.route-decision")]
public sealed record RouteDecision(
    [property: Id(0)] string Policy, [property: Id(1)] string Worker, [property: Id(2)] double WaitSeconds, [property: Id(3)] double ReloadSeconds,
    [property: Id(4)] int CachedTokens, [property: Id(5)] double DrainSeconds, [property: Id(6)] string? Owner, [property: Id(7)] double OwnerSeconds,
    [property: Id(8)] bool MovesCache = false, [property: Id(9)] string? Model = null)
{
    /// <summary>In words, for operators.</summary>
    public string Because
    {
        get
        {
            var here = string.Create(CultureInfo.InvariantCulture, $"{WaitSeconds:F2} s of wait and {ReloadSeconds:F2} s of reload");
            if (Owner is null)
                return string.Create(CultureInfo.InvariantCulture, $"{Policy}: no worker has its cache; {here} on {Worker}, which has work for {DrainSeconds:F1} s");
            return Owner == Worker
                ? $"{Policy}: back to its cache of {CachedTokens} tokens on {Worker}, {here}"
                : string.Create(CultureInfo.InvariantCulture, $"{Policy}: away from its cache, {(MovesCache ? "which is copied" : "all is computed again")}, {here} on {Worker} against {OwnerSeconds:F2} s on {Owner}");
        }
    }
}
