namespace Pharos.Scheduling.Routing;

/// <summary>The next worker in turn, wherever a cache is.</summary>
public sealed class RoundRobinRouting : IRoutingPolicy
{
    private int last = -1;

    public string Name => "round-robin";

    public int Choose(in RouteRequest request, ReadOnlySpan<RouteCandidate> workers)
    {
        for (var step = 1; step <= workers.Length; step++)
        {
            var i = (last + step) % workers.Length;
            if (request.MayGo(workers[i], i))
                return last = i;
        }

        return -1;
    }
}
