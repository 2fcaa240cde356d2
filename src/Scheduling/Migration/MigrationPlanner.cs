using System.Globalization;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Migration;

/// <summary>
/// Which sequences should be on another worker. One planner for all reasons: workers that are to be empty first, then room for what waits and fits
/// nowhere, then the balance of memory-time. Parked sequences go first, since nobody waits for them. Deterministic, and a plan says why.
/// </summary>
/// <remarks>
/// What is balanced is the memory-time still to be served (LAMPS, arXiv 2410.18248), not the number of requests, which differ a hundredfold; moving
/// live requests for room and balance is Llumnix' idea (arXiv 2406.03243).
/// </remarks>
public sealed class MigrationPlanner(PlannerLimits limits)
{
    public MigrationPlan Plan(PlannerView view)
    {
        var draft = new PlanDraft(view.Workers, limits.MostMoves);
        var because = Empty(draft) ?? MakeRoom(draft, view.WantedTokens) ?? Balance(draft);
        return draft.Finish(because);
    }

    // Parked ones first, then what runs for long: what does not is left to end, unless that is too late.
    private string? Empty(PlanDraft draft)
    {
        foreach (var from in draft.Workers.Where(worker => worker.Is.IsToBeEmpty))
        {
            foreach (var sequence in from.Left.OrderBy(one => one.Phase != SequencePhase.Parked).ThenByDescending(one => one.CachedTokens).ThenBy(one => one.Request, StringComparer.Ordinal).ToList())
            {
                var lasts = sequence.Load / Math.Max(1, sequence.Tokens);
                if (sequence.Phase != SequencePhase.Parked && !from.Is.IsUrgent && lasts <= limits.ShortRunSeconds)
                    continue;
                var to = draft.Workers.Where(other => other.MayTake(sequence)).MinBy(other => other.LoadSeconds);
                if (to is null && sequence.Phase != SequencePhase.Parked)
                    continue;
                if (draft.IsFull)
                    return draft.Full;
                draft.Move(sequence, from, to, MigrationReason.Drain, 0, to is null
                    ? $"{from.Is.Worker} is to be empty and no other worker has room for {sequence.CachedTokens} tokens: its cache is dropped"
                    : $"{from.Is.Worker} is to be empty; {Said(to)} has the least to serve of those with room");
            }
        }

        return null;
    }

    // The worker that is nearest to having the room gives away the smallest sequence that makes it, or the largest there is.
    private string? MakeRoom(PlanDraft draft, int wanted)
    {
        if (wanted == 0)
            return null;
        var able = draft.Workers.Where(worker => worker.Is.Takes && worker.Is.LargestContext > wanted).ToList();
        if (able.Count == 0 || able.Exists(worker => worker.RoomTokens > wanted))
            return null;
        var room = able.MaxBy(worker => worker.RoomTokens)!;
        while (room.RoomTokens <= wanted)
        {
            var shortage = wanted + 1 - room.RoomTokens;
            var leaving = room.Left.Where(one => one.Phase == SequencePhase.Running && draft.Workers.Exists(other => other != room && other.MayTake(one)))
                .OrderBy(one => one.CachedTokens < shortage).ThenBy(one => one.CachedTokens < shortage ? -one.CachedTokens : one.CachedTokens)
                .ThenBy(one => one.Request, StringComparer.Ordinal).Cast<MovableSequence?>().FirstOrDefault();
            if (leaving is not { } sequence)
                return null;
            if (draft.IsFull)
                return draft.Full;
            var to = draft.Workers.Where(other => other != room && other.MayTake(sequence)).MaxBy(other => other.FreeTokens)!;
            draft.Move(sequence, room, to, MigrationReason.Fragmentation, 0,
                $"{wanted} tokens wait and fit no worker; {room.Is.Worker} lacks {shortage}, {to.Is.Worker} has {to.FreeTokens} free");
        }

        return null;
    }

    // From the most loaded to the least, whatever takes most of their difference away and pays its price.
    private string Balance(PlanDraft draft)
    {
        while (true)
        {
            var active = draft.Workers.Where(worker => worker.Is.Takes).ToList();
            if (active.Count < 2)
                return "there is no other worker that takes sequences";
            var (most, least) = (active.MaxBy(worker => worker.LoadSeconds)!, active.MinBy(worker => worker.LoadSeconds)!);
            var difference = most.LoadSeconds - least.LoadSeconds;
            if (difference < limits.LeastDifferenceSeconds)
                return Text($"what workers have to serve differs by {difference:F1} s at most");
            if ((Best(most, least, parked: true) ?? Best(most, least, parked: false)) is not var (sequence, gain))
                return Text($"nothing that {most.Is.Worker} has would pay its way to {least.Is.Worker}");
            if (draft.IsFull)
                return draft.Full;
            draft.Move(sequence, most, least, MigrationReason.Balance, gain, Text($"{Said(most)} has most to serve and {Said(least)} least; this takes {gain:F1} s of the difference away"));
        }
    }

    private (MovableSequence Sequence, double Gain)? Best(DraftedWorker from, DraftedWorker to, bool parked)
    {
        (MovableSequence, double)? best = null;
        var most = limits.LeastDifferenceSeconds / 4;
        foreach (var one in from.Left)
        {
            if (one.Phase == SequencePhase.Parked != parked || one.Phase == SequencePhase.Waiting || !to.MayTake(one))
                continue;
            var shift = one.Load / from.Is.CapacityTokens + one.Load / to.Is.CapacityTokens;
            var difference = from.LoadSeconds - to.LoadSeconds;
            var gain = difference - Math.Abs(difference - shift);
            if (gain <= most || gain < limits.LeastGain * PlanDraft.CopySeconds(one, from.Is))
                continue;
            (best, most) = ((one, gain), gain);
        }

        return best;
    }

    private static string Said(DraftedWorker worker) => Text($"{worker.Is.Worker} ({worker.LoadSeconds:F1} s)");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
