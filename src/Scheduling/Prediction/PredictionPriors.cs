namespace Pharos.Scheduling.Prediction;

/// <summary>What is assumed before anything was learned.</summary>
public sealed record PredictionPriors
{
    /// <summary>Tokens of a segment.</summary>
    public Estimate SegmentTokens { get; init; } = new(64, 64 * 64 * 2);

    /// <summary>Seconds of a tool call.</summary>
    public Estimate ToolSeconds { get; init; } = new(1, 4);

    /// <summary>Tokens a tool's result adds.</summary>
    public double ReturnTokens { get; init; } = 32;

    /// <summary>Probability that a segment ends in a call where tools are offered.</summary>
    public double PauseProbability { get; init; } = 0.5;
}
