namespace Pharos.Scheduling.Routing;

/// <summary>
/// Least price in seconds: the wait for memory, from the memory-time that a worker still has to serve, and the time to have the context there. So
/// a request goes back to its cache unless waiting there costs more than to compute the context again elsewhere. Requests differ a
/// hundredfold in what they hold for how long, so their number says little; what decides between workers that have room is how much of
/// their memory is wanted already.
/// </summary>
/// <remarks>
/// Memory-time is LAMPS' measure of a request (arXiv 2410.18248); to bind each arrival to the least remaining work, under an order that favours
/// the small, is close to one queue for all (Grosof, Scully, Harchol-Balter: Load Balancing Guardrails, SIGMETRICS 2019).
/// </remarks>
public sealed class MemoryTimeRouting : IRoutingPolicy
{
    // What it costs those who come later that a device is full, in seconds: small against a wait, enough to spread what could go anywhere.
    private const double CrowdingSeconds = 0.2;

    public string Name => "memory-time";

    public int Choose(in RouteRequest request, ReadOnlySpan<RouteCandidate> workers)
    {
        var best = -1;
        var least = double.PositiveInfinity;
        for (var i = 0; i < workers.Length; i++)
        {
            ref readonly var worker = ref workers[i];
            if (!request.MayGo(worker, i))
                continue;
            var wanted = i == request.Owner ? 0 : 1 - (double)worker.FreeTokens / worker.CapacityTokens;
            var price = request.WaitSeconds(worker, i) + request.ReloadSeconds(worker, i) + CrowdingSeconds * wanted;
            if (price < least)
                (best, least) = (i, price);
        }

        return best;
    }
}
