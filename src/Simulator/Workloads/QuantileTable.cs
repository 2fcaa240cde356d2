namespace Pharos.Simulator.Workloads;

/// <summary>A distribution given by some of its quantiles, straight lines between them.</summary>
internal static class QuantileTable
{
    /// <param name="shares">From 0 to 1, ascending.</param>
    /// <param name="values">The quantile at each share.</param>
    public static double At(ReadOnlySpan<double> shares, ReadOnlySpan<double> values, double chance)
    {
        var i = 1;
        while (i < shares.Length - 1 && shares[i] < chance)
            i++;
        return values[i - 1] + (values[i] - values[i - 1]) * (chance - shares[i - 1]) / (shares[i] - shares[i - 1]);
    }
}
