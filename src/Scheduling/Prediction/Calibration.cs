namespace Pharos.Scheduling.Prediction;

/// <summary>
/// Whether quantiles mean what they say: for each outcome, where it lay in the distribution that was predicted for it. If predictions are
/// calibrated, a share q of the outcomes lies below the predicted q-quantile.
/// </summary>
public sealed class Calibration
{
    private const int Parts = 100;
    private readonly long[] outcomes = new long[Parts]; // by predicted share

    public long Count { get; private set; }

    /// <summary>Counts an outcome; nothing where nothing was predicted.</summary>
    /// <param name="grain">Outcomes are multiples of it (1 for tokens): one that many share lies in the middle of its share.</param>
    public void Add(in BinnedDistribution predicted, double came, double grain = 0)
    {
        if (!predicted.IsKnown)
            return;
        Count++;
        var share = (predicted.Within(came) + predicted.Within(came + grain)) / 2;
        outcomes[Math.Min(Parts - 1, (int)(Parts * share))]++;
    }

    /// <summary>Share of the outcomes below their predicted <paramref name="q"/>-quantile (a multiple of a hundredth); 0 before the first.</summary>
    public double Coverage(double q)
    {
        long below = 0;
        for (var i = 0; i < (int)Math.Round(q * Parts); i++)
            below += outcomes[i];
        return Count == 0 ? 0 : (double)below / Count;
    }
}
