using System.Globalization;
using Pharos.Scheduling.Prediction;

namespace Pharos.Simulator.Predictions;

/// <summary>What the scheduler is told about the future. One instance a run, as some of them learn.</summary>
public interface IPredictions
{
    /// <summary>Of the segment that <paramref name="request"/> is about to run.</summary>
    SegmentForecast Forecast(SimulatedRequest request);

    /// <summary>Of the tool it has just called.</summary>
    ToolForecast Tool(SimulatedRequest request);

    /// <summary>Its segment is over and its tool, if it called one, has returned.</summary>
    void Learn(SimulatedRequest request);
}

/// <summary>The predictions by the names that the command line uses.</summary>
public static class PredictionKinds
{
    public const string Names = "oracle, noisy:P, learned, none";

    /// <summary>What makes a fresh instance for each run.</summary>
    /// <exception cref="ArgumentException">No prediction has that name; the message lists those that exist.</exception>
    public static Func<IPredictions> Find(string name, int seed)
    {
        if (name.StartsWith("noisy:", StringComparison.Ordinal)
            && double.TryParse(name.AsSpan(6), NumberStyles.Float, CultureInfo.InvariantCulture, out var error) && error >= 0 && double.IsFinite(error))
            return () => new NoisyPredictions(error, seed);
        return name switch
        {
            "oracle" => () => new OraclePredictions(),
            "learned" => () => new LearnedPredictions(),
            "none" => () => new NoPredictions(),
            _ => throw new ArgumentException($"Prediction '{name}' is not known; there are: {Names} (P: relative error from 0 on)."),
        };
    }
}
