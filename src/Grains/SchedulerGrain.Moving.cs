using Pharos.Scheduling.Migration;

namespace Pharos.Grains;

// Sequences that should be on another worker: planned every second, and when an operator asks.
public sealed partial class SchedulerGrain
{
    public Task<MigrationPlan> Rebalance(bool dryRun)
    {
        var plan = core.PlanMigrations(Now);
        if (!dryRun)
            CarryOut(plan);
        return Task.FromResult(plan);
    }

    private void CarryOut(MigrationPlan plan)
    {
        core.Told(plan, Now);
        foreach (var move in plan.Moves)
        {
            if (move.To is { } to)
                Send(move.Request, request => request.Migrate(to, move.Reason)).Forget();
            else
                GrainFactory.GetGrain<IWorkerGrain>(move.From).Release(move.Request, move.Epoch).Forget(); // its request finds out when it comes back
        }
    }
}
