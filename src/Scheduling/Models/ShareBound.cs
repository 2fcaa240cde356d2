namespace Pharos.Scheduling.Models;

/// <summary>Where a share lies of which so many of so many trials are known: one-sided 95 % ends of its confidence interval (E. B. Wilson, 1927).</summary>
internal static class ShareBound
{
    private const double Deviations = 1.645;

    /// <summary>It is hardly larger; 1 while nothing is known.</summary>
    public static double Upper(double hits, double trials) => trials == 0 ? 1 : End(hits, trials, +1);

    /// <summary>It is hardly smaller; 0 while nothing is known.</summary>
    public static double Lower(double hits, double trials) => trials == 0 ? 0 : End(hits, trials, -1);

    private static double End(double hits, double trials, int side)
    {
        double share = hits / trials, squares = Deviations * Deviations / trials;
        return (share + squares / 2 + side * Math.Sqrt(squares * (share * (1 - share) + squares / 4))) / (1 + squares);
    }
}
