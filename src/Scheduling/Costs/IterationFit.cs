namespace Pharos.Scheduling.Costs;

/// <summary>
/// Fits the iteration model of a live device by recursive least squares over x = (1, tokens, context tokens, rebuilt tokens), so that prices follow
/// the machine, its load and its model. Rebuilt are context tokens of compact caches (Apt-Serve's rho, arXiv 2504.07494, in seconds a token).
/// </summary>
/// <remarks>
/// Old measurements fade by letting the constants walk at random (a Kalman filter), not by exponential forgetting: a live device may decode
/// one and the same batch for hours, and under forgetting the covariance of what is not excited grows exponentially until it breaks.
/// </remarks>
/// <param name="forgetting">Memory in observations is about 1 / (1 - forgetting).</param>
public sealed class IterationFit(DeviceProfile prior, double forgetting = 0.998)
{
    // Regressors are scaled so that all four are of the order of one; without it the covariance is ill-conditioned.
    private const double TokenScale = 1.0 / 64, ContextScale = 1.0 / 4096;
    private const double Negligible = 1e-5; // of an iteration over 64 tokens that attend 4,096

    private const int Regressors = 4;

    private readonly double[] weights =
        [prior.ConstantSeconds, prior.SecondsPerToken / TokenScale, prior.SecondsPerContextToken / ContextScale, 0];

    private readonly double[] covariance = [100, 0, 0, 0, 0, 100, 0, 0, 0, 0, 100, 0, 0, 0, 0, 100];
    private readonly double walk = (1 - forgetting) * (1 - forgetting);
    private double swapTokensPerSecond = prior.SwapTokensPerSecond;

    public long Observations { get; private set; }

    /// <summary>The present estimate; never negative. The same object until a constant has moved by a thousandth, and by more than nobody could measure.</summary>
    public DeviceProfile Profile { get; private set; } = prior;

    /// <summary>Seconds that a context token of a compact cache takes to be rebuilt, in every iteration; set what is believed before it was measured.</summary>
    public double SecondsPerRebuiltToken
    {
        get => weights[3] <= Negligible * Profile.DecodeSeconds ? 0 : weights[3] * ContextScale; // what rounding leaves is no price
        set => weights[3] = double.IsFinite(value) ? value / ContextScale : 0;
    }

    /// <param name="rebuiltTokens">Of the context, those that are in compact caches.</param>
    public void Observe(int tokens, long contextTokens, double seconds, long rebuiltTokens = 0)
    {
        if (tokens <= 0 || seconds <= 0 || !double.IsFinite(seconds))
            return;
        Span<double> x = [1, tokens * TokenScale, contextTokens * ContextScale, rebuiltTokens * ContextScale];
        Span<double> px = stackalloc double[Regressors];
        double denominator = 1, error = seconds;
        for (var i = 0; i < Regressors; i++)
        {
            for (var j = 0; j < Regressors; j++)
                px[i] += covariance[i * Regressors + j] * x[j];
            denominator += x[i] * px[i];
            error -= weights[i] * x[i];
        }

        for (var i = 0; i < Regressors; i++)
        {
            weights[i] += px[i] / denominator * error;
            for (var j = 0; j < Regressors; j++)
                covariance[i * Regressors + j] -= px[i] * px[j] / denominator;
            covariance[i * (Regressors + 1)] += walk;
        }

        Observations++;
        Refresh();
    }

    /// <summary>A measured copy of <paramref name="tokens"/> tokens of KV between the tiers.</summary>
    public void ObserveSwap(int tokens, double seconds)
    {
        if (tokens > 0 && seconds > 0)
            swapTokensPerSecond = 0.9 * swapTokensPerSecond + 0.1 * (tokens / seconds);
        Refresh();
    }

    private void Refresh()
    {
        var constant = Math.Max(0, weights[0]);
        var token = Math.Max(1e-9, weights[1] * TokenScale);
        var context = Math.Max(0, weights[2] * ContextScale);
        // A cost of next to nothing never comes to rest in relation to itself: what it adds to an iteration counts.
        var negligible = Negligible * Profile.DecodeSeconds;
        if (Close(constant, Profile.ConstantSeconds, negligible) && Close(token, Profile.SecondsPerToken, negligible * TokenScale)
            && Close(context, Profile.SecondsPerContextToken, negligible * ContextScale) && Close(swapTokensPerSecond, Profile.SwapTokensPerSecond, 0))
            return;
        Profile = Profile with
        {
            ConstantSeconds = constant, SecondsPerToken = token, SecondsPerContextToken = context, SwapTokensPerSecond = swapTokensPerSecond,
        };
    }

    private static bool Close(double estimate, double published, double negligible) =>
        Math.Abs(estimate - published) <= Math.Max(1e-3 * published, negligible);
}
