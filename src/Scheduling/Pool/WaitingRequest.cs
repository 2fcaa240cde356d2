using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Pool;

/// <summary>An entry of the pool's queue.</summary>
internal sealed class WaitingRequest(RequestDescriptor request, SegmentForecast forecast)
{
    /// <summary>What holds memory while it waits goes first; then priority, then score. Total: the id decides at last.</summary>
    public static IComparer<WaitingRequest> ByTurn { get; } = Comparer<WaitingRequest>.Create(static (a, b) =>
    {
        var byHeld = (b.Request.HeldTokens > 0).CompareTo(a.Request.HeldTokens > 0);
        var byPriority = byHeld != 0 ? byHeld : a.Request.Priority.CompareTo(b.Request.Priority);
        var byScore = byPriority != 0 ? byPriority : a.Score.CompareTo(b.Score);
        return byScore != 0 ? byScore : string.CompareOrdinal(a.Request.Request, b.Request.Request);
    });

    public RequestDescriptor Request => request;

    public SegmentForecast Forecast => forecast;

    public double Score { get; set; }

    /// <summary>When the score was taken, seconds.</summary>
    public double ScoredAt { get; set; }

    /// <summary>Its place among all that wait, in no order.</summary>
    public int RingIndex { get; set; }

    public RankView View => new(request.ArrivalAt, request.ContextTokens, request.HeldTokens, 0, forecast) { QueuedAt = request.EnqueuedAt };
}
