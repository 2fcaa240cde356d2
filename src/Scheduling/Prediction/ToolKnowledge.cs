using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Prediction;

/// <summary>What is learned of one tool.</summary>
internal sealed class ToolKnowledge
{
    private readonly FadingHistogram seconds = FadingHistogram.OfSeconds();
    private readonly FadingHistogram returnTokens = FadingHistogram.OfTokens();
    private BinnedDistribution curve;
    private (double P50, double P90, double P99) quantiles;
    private long learnedAtCurve;
    private ToolForecast? said;

    public void Add(in ToolOutcome call)
    {
        seconds.Add(call.Seconds);
        returnTokens.Add(call.ReturnTokens);
    }

    /// <summary>Made anew when a thirtieth more is known: workers ask at every call.</summary>
    public BinnedDistribution Curve
    {
        get
        {
            if (seconds.Count > learnedAtCurve * 1.03)
            {
                learnedAtCurve = seconds.Count;
                curve = seconds.Curve();
                quantiles = (curve.Quantile(0.5), curve.Quantile(0.9), curve.Quantile(0.99));
            }

            return curve;
        }
    }

    public ToolForecast Forecast(string name, PredictionPriors priors)
    {
        if (said is null || said.Calls != seconds.Count)
        {
            var known = Curve;
            said = new ToolForecast(
                name, seconds.Count, seconds.Estimate(priors.ToolSeconds), quantiles.P50, quantiles.P90, quantiles.P99,
                returnTokens.Estimate(Estimate.Exactly(priors.ReturnTokens)).Mean, known);
        }

        return said;
    }
}
