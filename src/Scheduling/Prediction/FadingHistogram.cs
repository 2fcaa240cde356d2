namespace Pharos.Scheduling.Prediction;

/// <summary>
/// A distribution of positive values learned online: logarithmic bins with exact first two moments. Old observations fade so that what
/// changes is learned anew.
/// </summary>
/// <param name="smallest">Lower edge of the first bin, in the unit of the values; what is smaller counts there.</param>
/// <param name="octaves">Range: values beyond <paramref name="smallest"/> x 2^octaves count in the last bin.</param>
/// <param name="fading">What an observation weighs after the next one: memory in observations is about 1 / (1 - fading).</param>
public sealed class FadingHistogram(double smallest, int octaves, int binsPerOctave, double fading)
{
    /// <summary>Bins of a histogram of tokens: up to 65,536.</summary>
    internal const int TokenBins = 16 * TokenBinsPerOctave;

    internal const int TokenBinsPerOctave = 4;
    private const double LargestUnit = 1e9;

    private readonly double[] weights = new double[octaves * binsPerOctave];
    private double total, sum, sumOfSquares;
    private double unit = 1; // what one new observation weighs: it grows instead of the old ones shrinking

    /// <summary>Seconds from 1e-4 to about 1e5, bins of 9 %, memory of 200 calls.</summary>
    public static FadingHistogram OfSeconds() => new(1e-4, 30, 8, 0.995);

    /// <summary>Tokens up to 65,536, bins of 19 %, memory of a thousand segments.</summary>
    public static FadingHistogram OfTokens() => new(1, 16, TokenBinsPerOctave, 0.999);

    public long Count { get; private set; }

    public void Add(double value)
    {
        value = Math.Max(value, 0);
        unit /= fading;
        if (unit > LargestUnit)
            Rescale();
        total += unit;
        sum += unit * value;
        sumOfSquares += unit * value * value;
        weights[Bin(value)] += unit;
        Count++;
    }

    /// <summary>Moments, with <paramref name="prior"/> counting as <paramref name="priorWeight"/> observations.</summary>
    public Estimate Estimate(Estimate prior, double priorWeight = 1)
    {
        var own = unit * priorWeight;
        return new Estimate((sum + own * prior.Mean) / (total + own), (sumOfSquares + own * prior.MeanSquare) / (total + own));
    }

    /// <summary>The shares of the bins; unknown while there are no observations.</summary>
    public BinnedDistribution Curve() => total <= 0 ? default : BinnedDistribution.Of(smallest, binsPerOctave, weights);

    /// <summary>
    /// Shrinkage: <paramref name="shares"/> hold the distribution of a wider context, which counts as <paramref name="priorWeight"/>
    /// observations; they become that of this one.
    /// </summary>
    internal void Blend(Span<double> shares, double priorWeight)
    {
        var own = unit * priorWeight;
        for (var i = 0; i < weights.Length; i++)
            shares[i] = (weights[i] + own * shares[i]) / (total + own);
    }

    private int Bin(double value) =>
        value <= smallest ? 0 : Math.Min(weights.Length - 1, (int)(Math.Log2(value / smallest) * binsPerOctave));

    private void Rescale()
    {
        for (var i = 0; i < weights.Length; i++)
            weights[i] /= unit;
        total /= unit;
        sum /= unit;
        sumOfSquares /= unit;
        unit = 1;
    }
}
