namespace Pharos.Inference.Models.Rotary;

/// <summary>
/// How rotary angles are stretched to contexts longer than the model was first trained on. Pair j of a head turns by position x its
/// inverse frequency; the plain one is theta^(-2j / dims).
/// </summary>
/// <remarks>
/// Angles depend on a token's own position and on settings alone, never on how long the sequence is by now: a cached key stays right, and a
/// prompt gives the same bits whole or in pieces.
/// </remarks>
public abstract record RopeScaling
{
    /// <summary>No scaling.</summary>
    public static RopeScaling None { get; } = new LinearRope(1);

    /// <summary>What cosines and sines are multiplied by; keys and queries alike, so scores get its square.</summary>
    internal virtual double AttentionFactor => 1;

    /// <summary>Whether <see cref="Frequency"/> changes with the position.</summary>
    internal virtual bool VariesWithPosition => false;

    /// <summary>Inverse frequency of a pair.</summary>
    /// <param name="pair">0 to dims / 2 - 1.</param>
    /// <param name="dims">Dimensions of a head that turn.</param>
    /// <param name="position">The token's; matters where <see cref="VariesWithPosition"/>.</param>
    internal abstract double Frequency(int pair, int dims, double theta, int position);

    private protected static double Plain(int pair, int dims, double theta) => Math.Pow(theta, -2.0 * pair / dims);
}

/// <summary>Position interpolation: all angles divided by <paramref name="Factor"/> (arXiv 2306.15595).</summary>
public sealed record LinearRope(double Factor) : RopeScaling
{
    internal override double Frequency(int pair, int dims, double theta, int position) => Plain(pair, dims, theta) / Factor;
}

/// <summary>
/// Dynamic NTK: past the trained length theta grows with the context. Each position takes the theta of the context that ends with it, which is
/// what generating token by token gives; cached keys are not turned again.
/// </summary>
/// <param name="TrainedPositions"><c>max_position_embeddings</c> of the original model.</param>
public sealed record DynamicNtkRope(double Factor, int TrainedPositions) : RopeScaling
{
    internal override bool VariesWithPosition => true;

    internal override double Frequency(int pair, int dims, double theta, int position)
    {
        int context = position + 1;
        if (context <= TrainedPositions)
            return Plain(pair, dims, theta);
        double growth = Factor * context / TrainedPositions - (Factor - 1);
        return Plain(pair, dims, theta * Math.Pow(growth, dims / (dims - 2.0)));
    }
}

/// <summary>Llama 3: long waves divided by the factor, short ones kept, a smooth transition between.</summary>
public sealed record Llama3Rope(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int TrainedPositions) : RopeScaling
{
    internal override double Frequency(int pair, int dims, double theta, int position)
    {
        double frequency = Plain(pair, dims, theta), wavelength = 2 * Math.PI / frequency;
        if (wavelength < TrainedPositions / HighFrequencyFactor)
            return frequency;
        if (wavelength > TrainedPositions / LowFrequencyFactor)
            return frequency / Factor;
        double smooth = (TrainedPositions / wavelength - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return (1 - smooth) * frequency / Factor + smooth * frequency;
    }
}

/// <summary>Phi-3's LongRope (arXiv 2402.13753): every pair has a divisor of its own.</summary>
/// <param name="Divisors">
/// [dims / 2]: the model's long factors where contexts beyond the trained length are served, else its short ones; chosen once, not by sequence.
/// </param>
/// <param name="Factor">Served positions over trained ones; at least 1.</param>
/// <param name="Attention">The model's own attention factor; null: sqrt(1 + ln(Factor) / ln(TrainedPositions)).</param>
public sealed record LongRope(IReadOnlyList<double> Divisors, double Factor, int TrainedPositions, double? Attention = null) : RopeScaling
{
    internal override double AttentionFactor =>
        Attention ?? (Factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(Factor) / Math.Log(TrainedPositions)));

    internal override double Frequency(int pair, int dims, double theta, int position) => Plain(pair, dims, theta) / Divisors[pair];
}
