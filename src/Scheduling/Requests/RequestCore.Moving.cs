using System.Collections.Immutable;
using Pharos.Scheduling.Migration;

namespace Pharos.Scheduling.Requests;

// Going to another worker, running or parked. The request alone says who owns its sequence: whatever is copied between workers is theirs to try,
// and counts when it agrees to the switch.
public sealed partial class RequestCore
{
    /// <summary>A migration that has not ended for so long never will: its target is gone. Seconds.</summary>
    private const double MigrationLease = 60;

    /// <summary>
    /// Another worker is to have it. Its epoch is written before anything is copied, so that no life of this request gives it to anybody else; the
    /// switch itself then needs no write while a sequence stands still for it.
    /// </summary>
    /// <returns>Why not, or null.</returns>
    public (string? Refusal, IReadOnlyList<RequestEffect> Effects) Migrate(string target, MigrationReason reason, double now)
    {
        var parked = IsParkedHere;
        if (!parked && state.Phase != RequestPhase.Placed)
            return ($"it is {state.Phase}: only what runs, or is parked with its cache, can move", Nothing);
        if (state.Worker == target)
            return ($"it is on {target} already", Nothing);
        if (state.Move is { } other && now - other.At < MigrationLease)
            return ($"it is on its way to {other.Target} already", Nothing);
        var epoch = NextEpoch();
        state.Move = new PendingMove(target, epoch, reason, now);
        Record($"moving to {target} ({Shown(reason)})", state.Worker, state.Tokens.Length, now);
        return (null,
        [
            new RequestEffect.Save(),
            new RequestEffect.Move(target, new MigrationOrder(id, epoch, state.Worker!, parked ? state.ParkedEpoch : state.Epoch, reason)),
        ]);
    }

    /// <summary>
    /// All of it is at <paramref name="worker"/>, which asks to own it. Idempotent: asked again because the answer was lost, it agrees again.
    /// </summary>
    /// <param name="parked">It came as a parked one, from the pause after <paramref name="segmentStart"/>; else it has stopped in the segment from there on.</param>
    /// <returns>Why not, or null: it is the owner.</returns>
    public (string? Refusal, IReadOnlyList<RequestEffect> Effects) TakeOver(string worker, int epoch, bool parked, int segmentStart, double now)
    {
        var owns = state.Worker == worker && (parked ? state.ParkedEpoch : state.Epoch) == epoch;
        if (owns && !IsOver)
            return (null, Nothing);
        if (state.Move is not { } move || move.Epoch != epoch || move.Target != worker)
            return ("it was given another turn meanwhile", Nothing);
        if (state.SegmentStart != segmentStart || !(parked ? IsParkedHere : IsRunningSomewhere))
            return ("what came is not where the request is", Nothing);
        var source = state.Worker;
        var effects = new List<RequestEffect>();
        if (state.Phase == RequestPhase.Queued)
            effects.Add(new RequestEffect.Withdraw());
        if (source is not null)
            effects.Add(new RequestEffect.Release(source, parked ? state.ParkedEpoch : state.Epoch)); // of before the switch
        state.Move = null;
        state.Worker = worker;
        state.Epoch = epoch;
        state.Usage = state.Usage with { Migrations = state.Usage.Migrations + 1 };
        Record("moved from " + (source ?? "an unknown worker"), worker, state.Tokens.Length, now);
        if (parked)
        {
            state.ParkedEpoch = epoch;
            effects.Insert(0, new RequestEffect.Save());
            return (null, effects);
        }

        // The new owner says all of the segment: its reader may have missed the last words of the old one.
        state.Phase = RequestPhase.Placed;
        isRecovered = false;
        effects.Insert(0, Tell(new(0, NoticeKind.Placed, worker, epoch, state.SegmentStart, state.SegmentStart)));
        return (null, effects);
    }

    /// <summary>It stays where it is.</summary>
    public IReadOnlyList<RequestEffect> MoveFailed(int epoch, string because, double now)
    {
        if (state.Move is not { } move || move.Epoch != epoch)
            return Nothing;
        state.Move = null;
        Record($"did not move to {move.Target}: {because}", state.Worker, state.Tokens.Length, now);
        return Nothing;
    }

    private void FreeFetched(List<RequestEffect> effects)
    {
        if (fetched is { } cache)
            effects.Add(new RequestEffect.Release(cache.Worker, cache.Epoch));
        fetched = null;
    }

    private bool IsParkedHere => state.ParkedEpoch > 0 && state.Phase is RequestPhase.Parked or RequestPhase.CallingTools;

    // An activation before this one may have placed it.
    private bool IsRunningSomewhere => state.Phase == RequestPhase.Placed || (state.Phase == RequestPhase.Queued && isRecovered);

    // A switch that an earlier life agreed to, and had not written: the new owner's word is the request's.
    private void RememberSwitch(SegmentReport report)
    {
        if (state.Phase == RequestPhase.Queued && isRecovered && state.Move is { } move && report.Epoch == move.Epoch && report.Worker == move.Target)
            (state.Epoch, state.Move) = (report.Epoch, null);
    }

    private int NextEpoch() => state.LastEpoch = Math.Max(state.Epoch, state.LastEpoch) + 1;

    private static string Shown(MigrationReason reason) => reason.ToString().ToLowerInvariant();
}
