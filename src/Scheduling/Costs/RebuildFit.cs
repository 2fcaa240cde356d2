namespace Pharos.Scheduling.Costs;

/// <summary>
/// What it takes to rebuild keys and values from a compact form, fitted to what iterations took beyond what the cost model says of their tokens and
/// context (Apt-Serve's rho, arXiv 2504.07494, here in seconds a context token).
/// </summary>
/// <param name="prior">Believed before the first measurement, seconds a context token.</param>
public sealed class RebuildFit(double prior)
{
    private const double Memory = 64; // iterations
    private double tokens = 1, seconds = prior;

    public double SecondsPerToken => seconds / tokens;

    /// <param name="rebuilt">Context tokens rebuilt, more than 0.</param>
    /// <param name="beyond">Seconds beyond what the iteration would have taken without; noise may make it negative.</param>
    public void Observe(long rebuilt, double beyond)
    {
        const double fading = 1 - 1 / Memory;
        tokens = fading * tokens + rebuilt;
        seconds = Math.Max(0, fading * seconds + beyond);
    }
}
