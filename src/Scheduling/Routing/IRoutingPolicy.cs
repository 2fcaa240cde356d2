namespace Pharos.Scheduling.Routing;

/// <summary>Which worker a request goes to. One sealed class a policy, chosen by name; one instance a pool, as some remember.</summary>
public interface IRoutingPolicy
{
    string Name { get; }

    /// <summary>The index of a worker that <see cref="RouteRequest.MayGo"/>, or -1 where there is none. Workers stand in order of name.</summary>
    int Choose(in RouteRequest request, ReadOnlySpan<RouteCandidate> workers);
}
