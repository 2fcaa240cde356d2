namespace Pharos.Scheduling.Routing;

/// <summary>
/// Least price in seconds: the wait for memory plus the time to have the context there. So a request goes back to its cache unless waiting there
/// costs more than to compute the context again elsewhere. At the same price the worker with the least memory-time still to serve, as a share
/// of its memory: requests differ a hundredfold in what they hold for how long, so their number says little.
/// </summary>
/// <remarks>
/// Memory-time is LAMPS' measure of a request (arXiv 2410.18248); to send each arrival to the least remaining work, under an order that favours
/// the small, is close to one queue for all (Grosof, Scully, Harchol-Balter: Load Balancing Guardrails, SIGMETRICS 2019).
/// </remarks>
public sealed class MemoryTimeRouting : IRoutingPolicy
{
    public string Name => "memory-time";

    public int Choose(in RouteRequest request, ReadOnlySpan<RouteCandidate> workers)
    {
        var best = -1;
        double bestPrice = 0, bestDrain = 0;
        for (var i = 0; i < workers.Length; i++)
        {
            ref readonly var worker = ref workers[i];
            if (!request.MayGo(worker, i))
                continue;
            var price = request.WaitSeconds(worker, i) + request.ReloadSeconds(worker, i);
            var drain = worker.DrainSeconds;
            if (best < 0 || price < bestPrice || price == bestPrice && drain < bestDrain)
                (best, bestPrice, bestDrain) = (i, price, drain);
        }

        return best;
    }
}
