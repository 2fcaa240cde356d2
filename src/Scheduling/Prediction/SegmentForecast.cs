namespace Pharos.Scheduling.Prediction;

/// <summary>A positive quantity that is not known yet, as its first two moments.</summary>
/// <param name="MeanSquare">E[x^2]: areas under a growing memory curve need it.</param>
[GenerateSerializer, Alias("pharos.estimate")]
public readonly record struct Estimate([property: Id(0)] double Mean, [property: Id(1)] double MeanSquare)
{
    public static Estimate Exactly(double value) => new(value, value * value);

    /// <summary>
    /// What is left of it when <paramref name="done"/> has passed. What outlives its forecast is still expected to go on for a while: a tenth of
    /// what it has done, at least one.
    /// </summary>
    public Estimate Remaining(double done) => done <= 0 ? this : Exactly(Math.Max(Mean - done, Math.Max(1, done * 0.1)));
}

/// <summary>What is expected of the coming segment and of what follows it.</summary>
/// <param name="TokensToPause">Tokens until the next tool call or the end.</param>
/// <param name="PauseProbability">Probability that the segment ends in a tool call.</param>
/// <param name="Tool">Most likely tool, if any.</param>
/// <param name="ToolSeconds">Its duration in seconds.</param>
/// <param name="ReturnTokens">Tokens the tool's result adds to the context.</param>
/// <param name="TokensAfter">Tokens generated after the call, all later segments together.</param>
[GenerateSerializer, Alias("pharos.segment-forecast")]
public sealed record SegmentForecast(
    [property: Id(0)] Estimate TokensToPause,
    [property: Id(1)] double PauseProbability,
    [property: Id(2)] string? Tool,
    [property: Id(3)] Estimate ToolSeconds,
    [property: Id(4)] double ReturnTokens,
    [property: Id(5)] Estimate TokensAfter);

/// <summary>Learned duration of one tool, in seconds.</summary>
[GenerateSerializer, Alias("pharos.tool-forecast")]
public sealed record ToolForecast(
    [property: Id(0)] string Tool, [property: Id(1)] long Calls, [property: Id(2)] Estimate Seconds,
    [property: Id(3)] double P50, [property: Id(4)] double P90, [property: Id(5)] double P99, [property: Id(6)] double ReturnTokens)
{
    /// <summary>
    /// Seconds it is still expected to take after <paramref name="waited"/>. One that outlives its expectation is thought to take as long again as
    /// it is late, so that a tool that never returns is the farthest of all.
    /// </summary>
    public double RemainingSeconds(double waited) => Math.Abs(Seconds.Mean - waited);
}
