namespace Pharos.Cli.Bench;

/// <summary>What one request of a load came to, seconds.</summary>
/// <param name="Ttft">From sending to the first content; null where none came.</param>
/// <param name="Gaps">Between contents that followed each other.</param>
/// <param name="EndToEnd">From sending to the end of the answer.</param>
/// <param name="Tokens">Of the answer: as the server counts them, else one for each content.</param>
/// <param name="Failure">Null where it was served.</param>
internal sealed record ServedRequest(double? Ttft, IReadOnlyList<double> Gaps, double EndToEnd, int Tokens, string? Failure)
{
    /// <summary>Its first token came in time, and so did those after it in the mean.</summary>
    public bool Meets(double ttft, double itl) =>
        Failure is null && Ttft is { } first && first <= ttft && (Gaps.Count == 0 || Gaps.Average() <= itl);
}

/// <summary>Mean and quantiles (nearest rank), seconds; 0 where there is nothing.</summary>
internal sealed record Times(double Mean, double P50, double P99)
{
    public static Times Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? new Times(0, 0, 0) : new Times(Math.Round(sorted.Average(), 6), Rank(0.5), Rank(0.99));

        double Rank(double share) => Math.Round(sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)], 6);
    }
}

/// <summary>A load's result: what <c>--json</c> prints, a contract. Times in seconds.</summary>
/// <param name="Requests">Sent, those that failed among them.</param>
/// <param name="Itl">Between tokens, over all gaps of all requests.</param>
/// <param name="TokensPerSecond">Of answers, over the whole run.</param>
/// <param name="Goodput">Requests a second that met both objectives, over the whole run.</param>
internal sealed record LoadResult(int Requests, int Failed, Times Ttft, Times Itl, Times E2e, double TokensPerSecond, double Goodput)
{
    /// <param name="seconds">From the first request to the end of the last answer.</param>
    public static LoadResult Of(IReadOnlyList<ServedRequest> served, double seconds, double sloTtft, double sloItl)
    {
        var good = served.Where(request => request.Failure is null).ToList();
        var span = Math.Max(1e-9, seconds);
        return new LoadResult(
            served.Count,
            served.Count - good.Count,
            Times.Of(good.Where(request => request.Ttft is not null).Select(request => request.Ttft!.Value)),
            Times.Of(good.SelectMany(request => request.Gaps)),
            Times.Of(good.Select(request => request.EndToEnd)),
            Math.Round(good.Sum(request => request.Tokens) / span, 3),
            Math.Round(served.Count(request => request.Meets(sloTtft, sloItl)) / span, 3));
    }
}
