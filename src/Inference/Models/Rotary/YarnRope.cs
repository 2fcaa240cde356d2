namespace Pharos.Inference.Models.Rotary;

/// <summary>
/// YaRN (arXiv 2309.00071): pairs that turn more than <paramref name="BetaFast"/> times within the trained length keep their angles, those that turn
/// less than <paramref name="BetaSlow"/> times are divided by the factor, a linear ramp over the pairs between; scores get warmer.
/// </summary>
/// <param name="Attention">The model's own attention factor; null: from the two scales, or 0.1 ln(Factor) + 1.</param>
/// <param name="Scale"><c>mscale</c>; 0: absent.</param>
/// <param name="ScaleAllDims"><c>mscale_all_dim</c>; 0: absent.</param>
/// <param name="Truncate">Whether the ends of the ramp are rounded to whole pairs.</param>
public sealed record YarnRope(
    double Factor, int TrainedPositions, double BetaFast = 32, double BetaSlow = 1, double? Attention = null, double Scale = 0,
    double ScaleAllDims = 0, bool Truncate = true) : RopeScaling
{
    internal override double AttentionFactor =>
        Attention ?? (Scale != 0 && ScaleAllDims != 0 ? Warmth(Scale) / Warmth(ScaleAllDims) : Warmth(1));

    internal override double Frequency(int pair, int dims, double theta, int position)
    {
        double low = PairThatTurns(BetaFast, dims, theta), high = PairThatTurns(BetaSlow, dims, theta);
        if (Truncate)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, dims - 1));
        if (low == high)
            high += 0.001; // the ramp is a step then
        double interpolated = Math.Clamp((pair - low) / (high - low), 0, 1), plain = Plain(pair, dims, theta);
        return plain / Factor * interpolated + plain * (1 - interpolated);
    }

    /// <summary>The pair, a real number, that turns so many times within the trained length.</summary>
    private double PairThatTurns(double turns, int dims, double theta) =>
        dims * Math.Log(TrainedPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));

    private double Warmth(double scale) => Factor <= 1 ? 1 : 0.1 * scale * Math.Log(Factor) + 1;
}
