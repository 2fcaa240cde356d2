using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Prediction;

/// <summary>What is learned of one tool.</summary>
internal sealed class ToolKnowledge
{
    private readonly FadingHistogram seconds = FadingHistogram.OfSeconds();
    private readonly FadingHistogram returnTokens = FadingHistogram.OfTokens();
    private ToolForecast? said;
    private long learnedAtSaid;

    public void Add(in ToolOutcome call)
    {
        seconds.Add(call.Seconds);
        returnTokens.Add(call.ReturnTokens);
    }

    /// <summary>Made anew when a thirtieth more is known: workers ask at every call.</summary>
    public ToolForecast Forecast(string name, PredictionPriors priors)
    {
        if (said is null || seconds.Count > learnedAtSaid * 1.03)
        {
            learnedAtSaid = seconds.Count;
            var curve = seconds.Curve();
            said = new ToolForecast(
                name, seconds.Count, seconds.Estimate(priors.ToolSeconds), curve.Quantile(0.5), curve.Quantile(0.9), curve.Quantile(0.99),
                returnTokens.Estimate(Estimate.Exactly(priors.ReturnTokens)).Mean, curve);
        }

        return said;
    }
}
