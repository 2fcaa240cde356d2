using Pharos.Bench.Faults;
using Pharos.Bench.Faults.Running;

namespace Pharos.Faults.Tests;

/// <summary>What tokens cost in messages: one an iteration of a worker and a gateway, however many sequences it serves.</summary>
public sealed class TokenPathTests
{
    private const double Heartbeat = 0.3; // seconds

    [Fact]
    public void Tokens_TakeAtMostOneMessageAnIterationWorkerAndGateway()
    {
        var (few, ofFew) = Play(clients: 2);
        var (many, ofMany) = Play(clients: 24);
        Assert.All([few, many], run => Assert.True(run.DeltaMessages <= run.MostMessages, run.ToString()));
        Assert.True(ofMany > 6 * ofFew, $"{ofMany} characters against {ofFew} are hardly more");
        Assert.True(many.DeltaMessages * ofFew < few.DeltaMessages * ofMany, $"{many} for {ofMany} characters, {few} for {ofFew}: batching saved nothing");
    }

    private static (Path Path, int Characters) Play(int clients)
    {
        var tally = new Tally();
        var world = new World(1, WorldSetup.Calm with { Silos = 2, Gateways = 2, StepTime = TimeSpan.FromMilliseconds(20) }, tally);
        long iterations = 0;
        world.Pump.Run(async () =>
        {
            await world.Cluster.StartAsync();
            using var stop = new CancellationTokenSource();
            var open = world.KeepDevicesOpen(stop.Token);
            var talking = Enumerable.Range(0, clients).Select(i => new Client(
                world, world.Gateways[i % 2], new Conversation(3 * i, ToolFate.Answers), new Behaviour(1, null, NeverReturns: false, 0.1), reference: null).Run()).ToList();
            await Task.WhenAll(talking);
            foreach (var (_, loop) in world.Watch.OpenDevices.ToList())
                iterations += (await loop.Snapshot()).Counters.Iterations;
            stop.Cancel();
            await open;
            await world.DisposeAsync();
        });
        Assert.Empty(tally.Violations);
        Assert.True(iterations > 0 && tally.Tokens > 0);
        var streams = 2 * world.Gateways.Length; // a worker's to each gateway
        return (new Path(world.Watch.Messages("IWorkerGrain.Deltas"), iterations, (long)(streams * (world.Now / Heartbeat + 2))), tally.Tokens);
    }

    /// <param name="Iterations">Of all workers.</param>
    /// <param name="Beats">Most messages that only say that a worker is there.</param>
    private sealed record Path(long DeltaMessages, long Iterations, long Beats)
    {
        public long MostMessages => 2 * Iterations + Beats; // two gateways
    }
}
