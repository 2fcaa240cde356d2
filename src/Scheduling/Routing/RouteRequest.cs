using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Routing;

/// <summary>When a request is bound to a worker.</summary>
public enum Binding
{
    /// <summary>When a worker has memory for it; until then it waits in the pool, in the order of rank over all workers.</summary>
    Late,

    /// <summary>
    /// As <see cref="Late"/>, and each worker is given a few beyond its memory: for policies that displace what runs, as they see only what waits
    /// on the device.
    /// </summary>
    Ahead,

    /// <summary>As it comes; it waits on its worker.</summary>
    Early,
}

/// <summary>A request that wants a place.</summary>
/// <param name="ContextTokens">Tokens to have in the cache before the first new one comes.</param>
/// <param name="Owner">Index of the worker that holds its parked cache; -1 for none.</param>
/// <param name="DeviceTokens">Of its cache, on the owner's device.</param>
/// <param name="HostTokens">Of its cache, in the owner's host tier.</param>
/// <param name="MovesCaches">Where it goes to another worker than the owner of its cache, that can be copied there.</param>
/// <param name="Lookahead">Under <see cref="Binding.Ahead"/>: most sequences that may wait on a worker.</param>
public readonly record struct RouteRequest(
    int ContextTokens, int Owner, int DeviceTokens, int HostTokens, double Now, Binding Binding, int Lookahead, bool MovesCaches = false)
{
    /// <summary>Whether that worker takes it. The owner of a cache takes it back whether there is room or not, and lets it wait.</summary>
    public bool MayGo(in RouteCandidate worker, int index)
    {
        if (worker.TakesUntil < Now || worker.LargestContext <= ContextTokens)
            return false;
        if (Binding == Binding.Early || worker.Seats > 0 && HasMemory(worker))
            return true;
        if (Binding == Binding.Ahead && worker.Backlog < Lookahead)
            return true;
        return index == Owner && worker.Seats > -Lookahead;
    }

    /// <summary>It could run there at once.</summary>
    public bool HasMemory(in RouteCandidate worker) => worker.FreeTokens > ContextTokens;

    /// <summary>
    /// How long it would wait there for memory, seconds: nothing where there is room or all its cache is on the device; else the time in which the
    /// worker, as it works off what it has, frees what is short.
    /// </summary>
    public double WaitSeconds(in RouteCandidate worker, int index)
    {
        if (index == Owner && DeviceTokens > 0 && HostTokens == 0)
            return 0;
        var shortage = Math.Max(0, ContextTokens + 1 - worker.FreeTokens);
        return worker.DrainSeconds * Math.Min(1, (double)shortage / worker.CapacityTokens);
    }

    /// <summary>
    /// What it costs to have its whole context on that device, seconds. Away from its cache, that is copied, or all is computed again, whichever is
    /// less; computing counts twice, as it takes as long from all that run there.
    /// </summary>
    public double ReloadSeconds(in RouteCandidate worker, int index)
    {
        if (index != Owner)
            return Owner < 0 ? worker.Device.PrefillSeconds(ContextTokens) : Math.Min(AgainSeconds(worker), MoveSeconds(worker));
        var missing = worker.Device.PrefillSeconds(ContextTokens - DeviceTokens - HostTokens);
        return missing + worker.Device.SwapSeconds(HostTokens);
    }

    /// <summary>Its cache would be copied there.</summary>
    public bool MovesCache(in RouteCandidate worker, int index) => Owner >= 0 && index != Owner && MoveSeconds(worker) < AgainSeconds(worker);

    private double AgainSeconds(in RouteCandidate worker) => 2 * worker.Device.PrefillSeconds(ContextTokens);

    // Out of one device and into another is twice the way to the host.
    private double MoveSeconds(in RouteCandidate worker)
    {
        var cached = DeviceTokens + HostTokens;
        return MovesCaches && cached > 0
            ? 2 * worker.Device.PrefillSeconds(ContextTokens - cached) + 2 * worker.Device.SwapSeconds(cached)
            : double.PositiveInfinity;
    }
}
