using Pharos.Grains;
using Pharos.Scheduling.Requests;

namespace Pharos.Bench.Faults.Running;

/// <summary>
/// A number names one of a request's notices, whichever of its lives gave it: a reader goes on after the last number it has heard, and would never hear of
/// another notice under that.
/// </summary>
internal sealed class NoticeNumbers(Tally tally)
{
    private readonly Dictionary<(string Request, int Number), string> given = [];
    private readonly Dictionary<string, (RequestGrain Life, int Seen)> seen = new(StringComparer.Ordinal);

    public void Look(string request, RequestGrain life)
    {
        var known = seen.TryGetValue(request, out var last) && last.Life == life ? last.Seen : 0;
        var notices = life.Notices;
        foreach (var notice in notices.Skip(known))
        {
            var what = $"{notice.Kind} {notice.Call?.Id ?? notice.Result?.CallId} of segment {notice.SegmentStart} under epoch {notice.Epoch}";
            if (!given.TryAdd((request, notice.Number), what) && given[(request, notice.Number)] != what)
                tally.Violated($"notice {notice.Number} of {request} is '{what}' and was '{given[(request, notice.Number)]}'");
        }

        seen[request] = (life, notices.Count);
    }
}
