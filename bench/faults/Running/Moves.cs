using Pharos.Grains;
using Pharos.Scheduling.Migration;

namespace Pharos.Bench.Faults.Running;

/// <summary>A sequence and the worker that it is sent to.</summary>
internal sealed record Move(string Request, string From, string To)
{
    public Task Start(World world) => World.Ignoring(Order(world));

    private async Task Order(World world)
    {
        var start = await world.Cluster.NewClient("operator").GetGrain<IRequestGrain>(Request).Migrate(To, MigrationReason.Operator);
        if (start.Started)
            world.Tally.Count(FaultKind.SequenceMoved);
    }
}

/// <summary>Sends sequences from worker to worker, wherever they are in their lives.</summary>
internal sealed class Moves(World world, Random random)
{
    public async Task Run(double seconds)
    {
        for (var until = world.Now + seconds; world.Now < until;)
        {
            if (Draw() is { } move)
                _ = move.Start(world);
            await world.Delay(0.4 * random.NextDouble());
        }
    }

    /// <summary>Null while nothing is held or there is nowhere to go.</summary>
    public Move? Draw()
    {
        var open = world.Watch.OpenDevices.ToList();
        var held = open.SelectMany(device => device.Loop.Held.Select(one => (one.Request, device.Worker))).ToList();
        if (held.Count == 0)
            return null;
        var (request, from) = held[random.Next(held.Count)];
        var others = open.Select(device => device.Worker).Where(worker => worker != from).Distinct().ToList();
        return others.Count == 0 ? null : new Move(request, from, others[random.Next(others.Count)]);
    }
}
