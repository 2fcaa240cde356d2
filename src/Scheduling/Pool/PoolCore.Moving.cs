using Pharos.Scheduling.Migration;

namespace Pharos.Scheduling.Pool;

// Sequences that should be on another worker.
public sealed partial class PoolCore
{
    /// <summary>What was told to move is left alone for so long: its move may fail, and is then planned anew. Seconds.</summary>
    private const double MoveRest = 5;

    private readonly MigrationPlanner planner = new(new PlannerLimits());
    private readonly SortedDictionary<string, double> toldToMoveAt = new(StringComparer.Ordinal);

    /// <summary>Changes nothing: a plan that is carried out is to be told by <see cref="Told"/>.</summary>
    public MigrationPlan PlanMigrations(double now)
    {
        foreach (var (request, at) in toldToMoveAt.ToList())
        {
            if (now - at > MoveRest)
                toldToMoveAt.Remove(request);
        }

        // Caches are exchanged between workers that run the same.
        var plans = roster.Workers.Where(worker => IsHeard(worker, now)).GroupBy(worker => worker.Snapshot.Model, StringComparer.Ordinal)
            .Select(alike => planner.Plan(new PlannerView([.. alike.Select(Planned)], FitsNowhere(now)))).ToList();
        return plans.Count switch
        {
            0 => planner.Plan(new PlannerView([], 0)),
            1 => plans[0],
            _ => new MigrationPlan([.. plans.SelectMany(plan => plan.Moves)], [.. plans.SelectMany(plan => plan.Workers)], string.Join("; ", plans.Select(plan => plan.Because))),
        };
    }

    /// <summary>The moves of a plan were told to their requests.</summary>
    public void Told(MigrationPlan plan, double now)
    {
        foreach (var move in plan.Moves)
            toldToMoveAt[move.Request] = now;
    }

    private bool IsHeard(PoolWorker worker, double now) => !worker.IsSuspect && now - worker.SeenAt <= limits.WorkerTimeout;

    private PlannerWorker Planned(PoolWorker worker)
    {
        var (snapshot, candidate) = (worker.Snapshot, worker.Candidate(limits));
        return new PlannerWorker(
            snapshot.Worker, snapshot.State == WorkerState.Active, snapshot.State == WorkerState.Draining,
            candidate.FreeTokens - snapshot.Kv.DeviceParked * snapshot.Kv.BlockSize, candidate.FreeTokens, candidate.CapacityTokens, candidate.LargestContext,
            candidate.Seats, snapshot.Profile,
            [.. snapshot.Sequences.Where(one => !toldToMoveAt.ContainsKey(one.Request))
                .Select(one => new MovableSequence(one.Request, one.Epoch, one.Phase, one.ContextTokens, one.DeviceTokens + one.HostTokens, one.Load))],
            snapshot.IsEvacuating);
    }

    private int FitsNowhere(double now)
    {
        if (queue.First is not { } head)
            return 0;
        var wanted = Wanted(head.Request, now);
        var workers = roster.Candidates;
        for (var i = 0; i < workers.Length; i++)
        {
            if (wanted.MayGo(workers[i], i))
                return 0;
        }

        return head.Request.ContextTokens;
    }
}
