using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Pool;

/// <summary>An entry of the pool's queue.</summary>
internal sealed class WaitingRequest(RequestDescriptor request, SegmentForecast forecast)
{
    /// <summary>By tier, the client's priority, score and age. Total: the id decides at last.</summary>
    public static IComparer<WaitingRequest> ByTurn { get; } = Comparer<WaitingRequest>.Create(static (a, b) =>
    {
        var order = a.Tier.CompareTo(b.Tier);
        if (order == 0)
            order = a.Request.Priority.CompareTo(b.Request.Priority);
        if (order == 0)
            order = a.Score.CompareTo(b.Score);
        if (order == 0)
            order = a.Request.ArrivalAt.CompareTo(b.Request.ArrivalAt);
        return order != 0 ? order : string.CompareOrdinal(a.Request.Request, b.Request.Request);
    });

    public RequestDescriptor Request => request;

    public SegmentForecast Forecast => forecast;

    public int Tier { get; set; }

    public double Score { get; set; }

    /// <summary>When the score was taken, seconds.</summary>
    public double ScoredAt { get; set; }

    /// <summary>Its place among all that wait, in no order.</summary>
    public int RingIndex { get; set; }

    /// <summary>As a ranking sees it. What it did on a device is that device's to know.</summary>
    public RankView View(double now) => new(request.ArrivalAt, request.ContextTokens, request.HeldTokens, 0, forecast)
    {
        Request = request.Request, Now = now, QueuedAt = request.EnqueuedAt, DeviceTokens = request.HeldTokens, Segment = request.Segment,
        ToolSeconds = request.ToolSeconds,
    };
}
