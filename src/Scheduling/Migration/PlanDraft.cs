using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Migration;

/// <summary>A plan in the making: what each worker would have after the moves so far.</summary>
internal sealed class PlanDraft(IEnumerable<PlannerWorker> workers, int mostMoves)
{
    private readonly List<PlannedMigration> moves = [];

    public List<DraftedWorker> Workers { get; } = [.. workers.Select(worker => new DraftedWorker(worker))];

    public bool IsFull => moves.Count == mostMoves;

    public string Full => $"{mostMoves} moves are enough at once";

    /// <summary>Out of one device's memory and into another's: as long as twice the way to the host.</summary>
    public static double CopySeconds(in MovableSequence sequence, PlannerWorker from) => 2 * from.Device.SwapSeconds(sequence.CachedTokens);

    public void Move(MovableSequence sequence, DraftedWorker from, DraftedWorker? to, MigrationReason reason, double gain, string because)
    {
        from.Give(sequence);
        to?.Take(sequence);
        moves.Add(new PlannedMigration(
            sequence.Request, sequence.Epoch, sequence.Phase, from.Is.Worker, to?.Is.Worker, reason, sequence.CachedTokens,
            to is null ? 0 : CopySeconds(sequence, from.Is), gain, because));
    }

    public MigrationPlan Finish(string because) => new(
        [.. moves], [.. Workers.Select(worker => new WorkerBalance(worker.Is.Worker, worker.Before, worker.LoadSeconds, worker.Is.FreeTokens, worker.FreeTokens))], because);
}

/// <summary>A worker as it would be after the moves so far.</summary>
internal sealed class DraftedWorker
{
    private double load;
    private int seats;

    public DraftedWorker(PlannerWorker worker)
    {
        Is = worker;
        (FreeTokens, RoomTokens, seats) = (worker.FreeTokens, worker.RoomTokens, worker.Seats);
        Left = [.. worker.Sequences.Where(sequence => sequence.CachedTokens > 0)];
        load = worker.Sequences.Sum(sequence => sequence.Load);
        Before = LoadSeconds;
    }

    public PlannerWorker Is { get; }

    /// <summary>What could still leave.</summary>
    public List<MovableSequence> Left { get; }

    public int FreeTokens { get; private set; }

    public int RoomTokens { get; private set; }

    public double Before { get; }

    public double LoadSeconds => load / Is.CapacityTokens;

    /// <summary>There is memory for it, with some to grow, and a seat.</summary>
    public bool MayTake(in MovableSequence sequence) =>
        Is.Takes && Is.LargestContext > sequence.Tokens + 1 && FreeTokens >= Wanted(sequence) && (seats > 0 || sequence.Phase == SequencePhase.Parked);

    public void Give(in MovableSequence sequence)
    {
        Left.Remove(sequence);
        load -= sequence.Load;
        if (sequence.Phase == SequencePhase.Parked)
            return;
        seats++;
        RoomTokens += sequence.CachedTokens;
    }

    public void Take(in MovableSequence sequence)
    {
        load += sequence.Load;
        FreeTokens -= Wanted(sequence);
        if (sequence.Phase == SequencePhase.Parked)
            return;
        seats--;
        RoomTokens -= Wanted(sequence);
    }

    private static int Wanted(in MovableSequence sequence) => sequence.Tokens + (sequence.Phase == SequencePhase.Parked ? 0 : sequence.Tokens / 8 + 32);
}
