using Pharos.Grains;
using Pharos.Grains.Devices;

namespace Pharos.Bench.Faults.Running;

/// <summary>Brings the drawn faults about, at drawn times, and takes them back in the end. At least one silo always lives.</summary>
internal sealed class Chaos(World world, Random random)
{
    private const double Window = 12; // seconds in which faults begin
    private readonly SortedSet<string> down = new(StringComparer.Ordinal); // silos that are gone or stand still

    public Task Run(SortedSet<FaultKind> kinds) => Task.WhenAll(kinds.SelectMany(kind => Enumerable.Range(0, 1 + random.Next(2)).Select(_ => Bring(kind))));

    private async Task Bring(FaultKind kind)
    {
        var at = 1 + Window * random.NextDouble();
        var lasts = 0.3 + 4 * random.NextDouble();
        await world.Delay(at);
        world.Watch.Note($"fault {kind} for {lasts}");
        switch (kind)
        {
            case FaultKind.SiloKilled: await WithSilo(kind, silo => Kill(silo, lasts)); break;
            case FaultKind.SiloRestarted: await WithSilo(kind, silo => Restart(silo, lasts)); break;
            case FaultKind.SiloHalted: await WithSilo(kind, silo => Halt(silo, lasts)); break;
            case FaultKind.SiloEvicted: await WithSilo(kind, silo => Evict(silo, lasts)); break;
            case FaultKind.MessagesLost: await While(lasts, on => world.Network.Lost = on ? 0.1 : 0); break;
            case FaultKind.AnswersLost: await While(lasts, on => world.Network.AnswersLost = on ? 0.1 : 0); break;
            case FaultKind.MessagesDoubled: await While(lasts, on => world.Network.Doubled = on ? 0.3 : 0); break;
            case FaultKind.MessagesDelayed: await While(lasts, on => world.Network.Delayed = on ? 0.15 : 0); break;
            case FaultKind.StorageFails: await While(lasts, on => world.Storage.Fails = on ? 0.25 : 0); break;
            case FaultKind.StorageSlow: await While(lasts, on => world.Storage.Slow = on ? 0.5 : 0); break;
            case FaultKind.ToolSlow: await While(2 * lasts, on => world.Tools.Slow = on); break;
            case FaultKind.DeviceFails: FailDevice(); break;
            case FaultKind.GatewayCutOff: await CutOff(lasts); break;
            case FaultKind.WorkerDrained: await TakeOut(kind, lasts, worker => random.Next(3) == 0 ? worker.Cordon() : worker.Drain(true)); break;
            case FaultKind.WorkerEvacuated: await TakeOut(kind, 2 * lasts, worker => worker.Evacuate()); break;
            case FaultKind.SequenceMoved: await new Moves(world, random).Run(Window); break;
            case FaultKind.PieceDamaged: await While(3 * lasts, on => world.Pieces.Damaged = on ? 0.3 : 0); break;
            case FaultKind.PieceLost: await While(2 * lasts, on => world.Network.PiecesLost = on ? 0.2 : 0); break;
            case FaultKind.ReleaseLate: await While(Window, on => world.Network.ReleasesLate = on ? 0.5 : 0); break;
            case FaultKind.MoveSourceKilled: await KillOne(kind, move => move.From, lasts); break;
            case FaultKind.MoveTargetKilled: await KillOne(kind, move => move.To, lasts); break;
            case FaultKind.MoveCalledOff: await CallOff(); break;
            default: break; // clients and tools were drawn with the conversations
        }
    }

    private async Task While(double seconds, Action<bool> set)
    {
        set(true);
        await world.Delay(seconds);
        set(false);
    }

    private async Task CutOff(double seconds)
    {
        var gateway = world.Gateways[random.Next(world.Gateways.Length)].Name;
        await While(seconds, on => world.Network.CutOff(gateway, on));
    }

    private async Task TakeOut(FaultKind kind, double seconds, Func<IWorkerGrain, Task> take)
    {
        if (world.Devices.Count == 0)
            return;
        var key = $"{PharosModel.Served.Name}/{world.Devices.ElementAt(random.Next(world.Devices.Count)).Key}";
        var worker = world.Cluster.NewClient("operator").GetGrain<IWorkerGrain>(key);
        world.Tally.Count(kind);
        await World.Ignoring(take(worker));
        await world.Delay(seconds);
        for (var back = false; !back;)
        {
            try
            {
                await worker.Drain(false);
                back = true;
            }
            catch (Exception)
            {
                await world.Delay(1); // it is down just now, or the word was lost
            }
        }
    }

    private void FailDevice()
    {
        if (world.Devices.Count == 0)
            return;
        world.Devices.ElementAt(random.Next(world.Devices.Count)).Value.Fails = true;
        world.Tally.Count(FaultKind.DeviceFails);
    }

    // In the middle of a migration, or just after it.
    private async Task KillOne(FaultKind kind, Func<Move, string> which, double away)
    {
        if (new Moves(world, random).Draw() is not { } move)
            return;
        var silo = WorkerKey.Silo(which(move));
        if (down.Contains(silo) || world.Cluster.Silos.Count(other => !down.Contains(other)) < 2)
            return;
        down.Add(silo);
        world.Tally.Count(kind);
        _ = move.Start(world);
        await world.Delay(0.1 * random.NextDouble());
        await Kill(silo, away);
        down.Remove(silo);
    }

    private async Task CallOff()
    {
        for (var i = 0; i < 5; i++)
        {
            if (new Moves(world, random).Draw() is { } move)
            {
                world.Tally.Count(FaultKind.MoveCalledOff);
                _ = move.Start(world);
                await world.Delay(0.1 * random.NextDouble());
                await World.Ignoring(world.Cluster.NewClient("operator").GetGrain<IWorkerGrain>(move.To).Release(move.Request, int.MaxValue));
            }

            await world.Delay(random.NextDouble());
        }
    }

    private async Task WithSilo(FaultKind kind, Func<string, Task> bring)
    {
        var up = world.Cluster.Silos.Where(silo => !down.Contains(silo)).ToList();
        if (up.Count < 2)
            return;
        var silo = up[random.Next(up.Count)];
        down.Add(silo);
        world.Tally.Count(kind);
        await bring(silo);
        down.Remove(silo);
    }

    private async Task Kill(string silo, double away)
    {
        var devices = world.DevicesOf(silo);
        await world.Cluster.KillSiloAsync(silo);
        devices.AreGone = true;
        await world.Delay(away);
        await world.Cluster.StartSiloAsync(silo);
    }

    private async Task Restart(string silo, double away)
    {
        var devices = world.DevicesOf(silo);
        await world.Cluster.StopSiloAsync(silo);
        devices.AreGone = true;
        await world.Delay(away);
        await world.Cluster.StartSiloAsync(silo);
    }

    private async Task Halt(string silo, double lasts)
    {
        world.Cluster.HaltSilo(silo);
        await world.Delay(lasts);
        world.Cluster.ResumeSilo(silo);
    }

    private async Task Evict(string silo, double lasts)
    {
        world.Cluster.HaltSilo(silo);
        await world.Delay(1.5);
        var devices = world.DevicesOf(silo);
        var evicted = world.Cluster.EvictSilo(silo);
        await world.Delay(lasts);
        evicted.Resume();
        await world.Delay(3 * random.NextDouble());
        await evicted.KillAsync();
        devices.AreGone = true;
        await world.Cluster.StartSiloAsync(silo);
    }
}
