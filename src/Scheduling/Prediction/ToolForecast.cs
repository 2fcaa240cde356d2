namespace Pharos.Scheduling.Prediction;

/// <summary>Learned duration of one tool, in seconds.</summary>
/// <param name="Calls">Calls it was learned from; 0: the priors speak.</param>
/// <param name="Curve">Distribution of the duration; unknown where only moments are told.</param>
/// <param name="Eta">Seconds the call under way will take from its start, where the tool itself has said so.</param>
[GenerateSerializer, Alias("pharos.tool-forecast")]
public sealed record ToolForecast(
    [property: Id(0)] string Tool, [property: Id(1)] long Calls, [property: Id(2)] Estimate Seconds,
    [property: Id(3)] double P50, [property: Id(4)] double P90, [property: Id(5)] double P99, [property: Id(6)] double ReturnTokens,
    [property: Id(7)] BinnedDistribution Curve = default, [property: Id(8)] double? Eta = null)
{
    /// <summary>The same tool, in a call that takes <paramref name="seconds"/> from its start by its own word: what was learned of others counts no more.</summary>
    public ToolForecast WithEta(double seconds) =>
        this with { Seconds = Estimate.Exactly(seconds), P50 = seconds, P90 = seconds, P99 = seconds, Curve = default, Eta = seconds };

    /// <summary>
    /// Seconds until the call returns, after <paramref name="waited"/> seconds: what the tool has said, or else its mean residual life. With a
    /// heavy tail that grows with the time waited, which no fixed estimate can express. One that is overdue is expected to need as long again as
    /// it is late.
    /// </summary>
    public double SecondsLeft(double waited)
    {
        if (Eta is { } eta)
            return Math.Abs(eta - waited);
        if (Curve.IsKnown)
            return Curve.Beyond(waited).Mean;
        // Of a tool nobody knows, the longer it has taken the longer it will (a Pareto tail); an exact word is taken as it is.
        return Calls == 0 ? Seconds.Mean + waited : Math.Max(0, Seconds.Mean - waited);
    }
}
