namespace Pharos.Scheduling.Batching;

/// <summary>
/// What it counts that a request is served: one, while it can still meet its objective; a hundredth, once it cannot, since it will be no goodput
/// whenever it ends. Age outweighs both, so that nobody waits for ever. Divided by the memory that it still holds over time (LAMPS, arXiv 2410.18248),
/// this is the goodput that a token of memory gives in a second: what the density of a batch is made of.
/// </summary>
/// <remarks>
/// Against Apt-Serve (arXiv 2504.07494), where a request is worth its pending time: that knows neither what it will still take, nor that one which has
/// missed its first token is lost however promptly its others come.
/// </remarks>
public static class GoodputValue
{
    private const double Lost = 0.01;

    /// <summary>A lost request that has taken so many times what its objective allows counts as much as one that is not.</summary>
    private const double Patience = 15;

    /// <param name="isLost">It has missed its objective for good.</param>
    /// <param name="age">Seconds since the segment began to wait.</param>
    /// <param name="generated">Tokens of the segment that are out.</param>
    public static double Weight(bool isLost, double age, int generated, ServiceObjective objective)
    {
        var over = age / (Patience * (objective.FirstTokenSeconds + generated * objective.TokenGapSeconds));
        return (isLost ? Lost : 1) + over * over * over;
    }

    /// <summary>Of a hundred gaps between tokens one may be late.</summary>
    /// <param name="lateGaps">Late ones so far, the running one among them if it is.</param>
    /// <param name="tokens">Of the segment, those to come among them.</param>
    public static bool IsLost(bool firstWasLate, int lateGaps, double tokens) => firstWasLate || lateGaps > tokens / 100;
}
