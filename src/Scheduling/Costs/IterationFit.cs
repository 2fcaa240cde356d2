namespace Pharos.Scheduling.Costs;

/// <summary>
/// Fits the iteration model of a live device by recursive least squares with exponential forgetting over
/// x = (1, tokens, context tokens), so that prices follow the machine, its load and its model.
/// </summary>
public sealed class IterationFit(DeviceProfile prior, double forgetting = 0.998)
{
    // Regressors are scaled so that all three are of the order of one; without it the covariance is ill-conditioned.
    private const double TokenScale = 1.0 / 64, ContextScale = 1.0 / 4096;

    private readonly double[] weights =
        [prior.ConstantSeconds, prior.SecondsPerToken / TokenScale, prior.SecondsPerContextToken / ContextScale];

    private readonly double[] covariance = [100, 0, 0, 0, 100, 0, 0, 0, 100];
    private double swapTokensPerSecond = prior.SwapTokensPerSecond;

    public long Observations { get; private set; }

    /// <summary>The present estimate; never negative.</summary>
    public DeviceProfile Profile => prior with
    {
        ConstantSeconds = Math.Max(0, weights[0]),
        SecondsPerToken = Math.Max(1e-9, weights[1] * TokenScale),
        SecondsPerContextToken = Math.Max(0, weights[2] * ContextScale),
        SwapTokensPerSecond = swapTokensPerSecond,
    };

    public void Observe(int tokens, long contextTokens, double seconds)
    {
        if (tokens <= 0 || seconds <= 0 || !double.IsFinite(seconds))
            return;
        Span<double> x = [1, tokens * TokenScale, contextTokens * ContextScale];
        Span<double> px = stackalloc double[3];
        double denominator = forgetting, error = seconds;
        for (var i = 0; i < 3; i++)
        {
            for (var j = 0; j < 3; j++)
                px[i] += covariance[i * 3 + j] * x[j];
            denominator += x[i] * px[i];
            error -= weights[i] * x[i];
        }

        for (var i = 0; i < 3; i++)
        {
            weights[i] += px[i] / denominator * error;
            for (var j = 0; j < 3; j++)
                covariance[i * 3 + j] = (covariance[i * 3 + j] - px[i] * px[j] / denominator) / forgetting;
        }

        // Directions that are not excited would grow without bound under forgetting.
        for (var i = 0; i < 3; i++)
            covariance[i * 4] = Math.Min(covariance[i * 4], 1e4);
        Observations++;
    }

    /// <summary>A measured copy of <paramref name="tokens"/> tokens of KV between the tiers.</summary>
    public void ObserveSwap(int tokens, double seconds)
    {
        if (tokens > 0 && seconds > 0)
            swapTokensPerSecond = 0.9 * swapTokensPerSecond + 0.1 * (tokens / seconds);
    }
}
