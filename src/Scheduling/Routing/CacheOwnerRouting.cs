namespace Pharos.Scheduling.Routing;

/// <summary>Always back to the worker that holds the cache, however long the wait there; what has none goes to the fewest sequences (session affinity).</summary>
public sealed class CacheOwnerRouting : IRoutingPolicy
{
    private readonly LeastRequestsRouting others = new();

    public string Name => "cache-owner";

    public int Choose(in RouteRequest request, ReadOnlySpan<RouteCandidate> workers) =>
        request.Owner >= 0 && request.MayGo(workers[request.Owner], request.Owner) ? request.Owner : others.Choose(request, workers);
}
