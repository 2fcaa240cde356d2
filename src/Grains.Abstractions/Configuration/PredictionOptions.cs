using Pharos.Scheduling.Prediction;

namespace Pharos.Grains.Configuration;

/// <summary>What is assumed of requests and tools until the first have been served.</summary>
public sealed class PredictionOptions
{
    /// <summary>Tokens of a segment, mean.</summary>
    public double SegmentTokens { get; set; } = 64;

    /// <summary>Seconds of a tool call, mean.</summary>
    public double ToolSeconds { get; set; } = 1;

    /// <summary>Tokens that a tool's result adds, mean.</summary>
    public double ReturnTokens { get; set; } = 32;

    /// <summary>Probability that a segment ends in a call where tools are offered.</summary>
    public double CallProbability { get; set; } = 0.5;

    /// <summary>The same for the predictor: lengths spread like an exponential distribution, tool times more widely.</summary>
    public PredictionPriors Priors => new()
    {
        SegmentTokens = new Estimate(SegmentTokens, 2 * SegmentTokens * SegmentTokens),
        ToolSeconds = new Estimate(ToolSeconds, 4 * ToolSeconds * ToolSeconds),
        ReturnTokens = ReturnTokens,
        PauseProbability = CallProbability,
    };
}
