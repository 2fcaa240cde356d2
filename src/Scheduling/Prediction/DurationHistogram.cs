namespace Pharos.Scheduling.Prediction;

/// <summary>
/// A distribution of positive values learned online: logarithmic bins from 1e-4 on, eight an octave step of two, with exact first two
/// moments. Old observations fade so that a tool that changes is learned anew.
/// </summary>
public sealed class DurationHistogram
{
    private const int BinsPerOctave = 8;
    private const double Smallest = 1e-4;
    private const int Bins = 30 * BinsPerOctave; // up to about 1e5
    private const double Fading = 0.995;

    private readonly double[] weights = new double[Bins];
    private double total, sum, sumOfSquares;

    public long Count { get; private set; }

    public void Add(double value)
    {
        value = Math.Max(value, 0);
        // Fading old weight equals letting new weight grow; here all is scaled, the histogram is small.
        for (var i = 0; i < Bins; i++)
            weights[i] *= Fading;
        total = total * Fading + 1;
        sum = sum * Fading + value;
        sumOfSquares = sumOfSquares * Fading + value * value;
        weights[Bin(value)]++;
        Count++;
    }

    /// <summary>Moments, with <paramref name="prior"/> counting as one observation.</summary>
    public Estimate Estimate(Estimate prior) =>
        new((sum + prior.Mean) / (total + 1), (sumOfSquares + prior.MeanSquare) / (total + 1));

    /// <summary>The value that a share <paramref name="q"/> of the observations stays below; the prior mean while there are none.</summary>
    public double Quantile(double q, double prior)
    {
        if (total <= 0)
            return prior;
        var rest = q * total;
        var bin = 0;
        for (var i = 0; i < Bins; i++)
        {
            if (weights[i] <= 0)
                continue;
            bin = i; // the last one that holds anything, should rounding leave a rest
            rest -= weights[i];
            if (rest <= 0)
                break;
        }

        return Smallest * Math.Pow(2, (bin + 0.5) / BinsPerOctave);
    }

    private static int Bin(double value) =>
        value <= Smallest ? 0 : Math.Min(Bins - 1, (int)(Math.Log2(value / Smallest) * BinsPerOctave));
}
