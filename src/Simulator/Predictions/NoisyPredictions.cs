using Pharos.Scheduling.Prediction;

namespace Pharos.Simulator.Predictions;

/// <summary>
/// The truth with a normal error whose deviation is a share of it: truth + N(0, P * truth), as in the published runs of LAMPS (arXiv
/// 2410.18248). Errors belong to the request and its segment, so that every policy is told the same.
/// </summary>
/// <param name="error">P.</param>
public sealed class NoisyPredictions(double error, int seed) : IPredictions
{
    public SegmentForecast Forecast(SimulatedRequest request)
    {
        var truth = OraclePredictions.Truth(request);
        var dice = Dice(request);
        var seconds = Disturbed(truth.ToolSeconds.Mean, 0, dice); // first, as it is said again when the tool is called
        var tokens = Disturbed(truth.TokensToPause.Mean, 1, dice);
        var after = Disturbed(1, 0, dice); // one error for all that follows
        return truth with
        {
            TokensToPause = Estimate.Exactly(tokens),
            ToolSeconds = Estimate.Exactly(seconds),
            TokensAfter = Estimate.Exactly(truth.TokensAfter.Mean * after),
            After = truth.After with { ToolSeconds = truth.After.ToolSeconds * after, Growth = truth.After.Growth * after * after },
        };
    }

    public ToolForecast Tool(SimulatedRequest request)
    {
        var truth = OraclePredictions.TrueTool(request);
        var seconds = Disturbed(truth.Seconds.Mean, 0, Dice(request));
        return truth with { Seconds = Estimate.Exactly(seconds), P50 = seconds, P90 = seconds, P99 = seconds };
    }

    public void Learn(SimulatedRequest request)
    {
    }

    private Random Dice(SimulatedRequest request) => new(unchecked((seed * 1_000_003 + request.Index) * 131 + request.Segment));

    private double Disturbed(double truth, double least, Random dice)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - dice.NextDouble())) * Math.Cos(2 * Math.PI * dice.NextDouble());
        return Math.Max(least, truth * (1 + error * normal));
    }
}
