using Pharos.Scheduling.Prediction;

namespace Pharos.Simulator.Predictions;

/// <summary>Nothing is known: every segment and every tool is what the priors of the live predictor say.</summary>
public sealed class NoPredictions : IPredictions
{
    private static readonly PredictionPriors Priors = new();

    public SegmentForecast Forecast(SimulatedRequest request) => new(
        Priors.SegmentTokens, Priors.PauseProbability, null, Priors.ToolSeconds, Priors.ReturnTokens, Priors.SegmentTokens);

    public ToolForecast Tool(SimulatedRequest request) => SegmentPredictor.Unknown(request.Current.Tool!, Priors);

    public void Learn(SimulatedRequest request)
    {
    }
}
