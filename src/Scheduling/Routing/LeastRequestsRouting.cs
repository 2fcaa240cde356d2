namespace Pharos.Scheduling.Routing;

/// <summary>The worker with the fewest sequences, whatever they hold and wherever a cache is: what a proxy in front of the workers can do.</summary>
public sealed class LeastRequestsRouting : IRoutingPolicy
{
    public string Name => "least-requests";

    public int Choose(in RouteRequest request, ReadOnlySpan<RouteCandidate> workers)
    {
        var best = -1;
        for (var i = 0; i < workers.Length; i++)
        {
            if (request.MayGo(workers[i], i) && (best < 0 || workers[i].Sequences < workers[best].Sequences))
                best = i;
        }

        return best;
    }
}
