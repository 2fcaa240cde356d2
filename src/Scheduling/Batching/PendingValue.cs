namespace Pharos.Scheduling.Batching;

/// <summary>What it is worth that a request runs now, by how long it has been pending: since its arrival, or since its last token.</summary>
public static class PendingValue
{
    /// <summary>A request that has waited so many times its objective is worth as much as one that is about to miss its own.</summary>
    private const double Patience = 10;

    /// <summary>As published (Apt-Serve, arXiv 2504.07494): the pending time, and next to nothing once the objective is missed.</summary>
    public static double Cliff(double pending, double objective) => pending <= objective ? pending : 1e-3 * objective;

    /// <summary>
    /// The pending time up to the objective; beyond it a smooth fall, since others can still be served in time, to a floor that grows with age, since
    /// nobody is to wait for ever.
    /// </summary>
    public static double Smooth(double pending, double objective)
    {
        if (pending <= objective)
            return pending;
        var over = pending / objective;
        return objective * Math.Max(1 / (over * over * over), Math.Pow(over / Patience, 3));
    }
}
