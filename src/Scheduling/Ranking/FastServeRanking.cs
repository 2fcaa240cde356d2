using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Skip-join multi-level feedback queue (FastServe, arXiv 2305.05920), with no prediction at all: a request joins the level whose quantum covers
/// its prefill, which is known, goes down a level when it has used its quantum up, and to the top when it has waited too long. Levels
/// preempt; those that give way are swapped to the host.
/// </summary>
public sealed class FastServeRanking : IPreemptivePolicy, IObservingPolicy
{
    private const double FirstQuantum = 0.01; // seconds; each level has twice that of the one above
    private const double MostWaitSeconds = 3;
    private const int Levels = 24;
    private readonly Dictionary<string, Place> places = new(StringComparer.Ordinal); // by request

    public string Name => "fastserve";

    public PauseAction CacheOfDisplaced => PauseAction.Swap;

    public int Tier(in RankView request) => 0;

    public double Score(in RankView request, DeviceProfile device) => Look(request, device).Level;

    public bool MayGiveWay(in RankView running) => true;

    public void Ended(in RankView request) => places.Remove(request.Request);

    public string Explain(in RankView request, DeviceProfile device)
    {
        var level = Look(request, device).Level;
        return $"level {level} of a feedback queue: its turn there lasts {Quantum(level) * 1000:F0} ms";
    }

    private Place Look(in RankView request, DeviceProfile device)
    {
        var joined = places.TryGetValue(request.Request, out var known) && known.Segment == request.Segment;
        var place = joined
            ? known
            : new Place(request.Segment, LevelFor(device.PrefillSeconds(request.MissingTokens)), request.ServiceSeconds);
        while (request.ServiceSeconds - place.ServiceAtEntry >= Quantum(place.Level) && place.Level < Levels - 1)
            place = place with { Level = place.Level + 1, ServiceAtEntry = place.ServiceAtEntry + Quantum(place.Level) };
        if (place.Level > 0 && request.Now - Math.Max(request.QueuedAt, request.RanAt ?? request.QueuedAt) > MostWaitSeconds)
            place = place with { Level = 0, ServiceAtEntry = request.ServiceSeconds };
        if (!joined || place != known)
            places[request.Request] = place;
        return place;
    }

    private static int LevelFor(double seconds)
    {
        var level = 0;
        while (Quantum(level) < seconds && level < Levels - 1)
            level++;
        return level;
    }

    private static double Quantum(int level) => FirstQuantum * (1 << level);

    /// <param name="ServiceAtEntry">Attained service, in seconds, when it came to this level.</param>
    private readonly record struct Place(int Segment, int Level, double ServiceAtEntry);
}
