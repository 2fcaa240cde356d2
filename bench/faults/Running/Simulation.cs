using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Pharos.Grains;
using Pharos.Grains.Configuration;

namespace Pharos.Bench.Faults.Running;

/// <summary>
/// One seed, one run: draws a cluster, conversations and faults, plays them, and checks that nothing was lost. The same seed does the same, step by
/// step.
/// </summary>
internal static class Simulation
{
    private const double Deadline = 400; // virtual seconds
    private const long MostSteps = 300_000;
    private static readonly ConcurrentDictionary<Conversation, IReadOnlyList<Answer>> References = new();

    /// <param name="print">Takes every step, for a look at a seed that fails.</param>
    /// <param name="policies">In place of those that the seed draws.</param>
    public static RunResult Run(int seed, Action<string>? print = null, ILoggerFactory? logs = null, PolicyOptions? policies = null)
    {
        var random = new Random(seed);
        var setup = WorldSetup.Draw(random);
        if (new Random(seed * 31 + 10).Next(4) == 0)
            setup = setup with { StepTime = 6 * setup.StepTime }; // segments last, and are lost more than once
        if (policies is not null)
            setup = setup with { Pause = policies.Pause, Rank = policies.Rank };
        var kinds = FaultPlan.DrawKinds(random);
        kinds.UnionWith(FaultPlan.DrawMoves(new Random(seed * 31 + 8)));
        kinds.UnionWith(FaultPlan.DrawLateWords(new Random(seed * 31 + 9)));
        var clients = 5 + random.Next(8);
        var drawn = Enumerable.Range(0, clients).Select(_ => FaultPlan.DrawClient(random, kinds)).ToList();
        var tally = new Tally();
        if (!TryReferences(drawn.Select(client => client.Conversation), tally, out var references))
            return new RunResult(seed, 0, tally, 0, 0);
        var world = new World(seed, setup, tally, logs);
        world.Watch.Print = print is null ? null : step => print(string.Create(CultureInfo.InvariantCulture, $"{world.Now,9:F4} {step}"));
        var all = drawn.Select((client, i) => new Client(world, world.Gateways[i % world.Gateways.Length], client.Conversation, client.Behaviour, references[i])).ToList();
        Play(world, async () =>
        {
            await world.Cluster.StartAsync();
            using var stop = new CancellationTokenSource();
            var open = world.KeepDevicesOpen(stop.Token);
            var talking = Task.WhenAll(all.Select(client => client.Run()));
            var chaos = new Chaos(world, random).Run(kinds);
            await Task.WhenAny(Task.WhenAll(talking, chaos), world.Delay(Deadline));
            if (chaos.IsFaulted)
                await chaos;
            if (talking.IsFaulted)
                await talking;
            foreach (var client in all.Where(client => !client.IsDone))
                tally.Violated($"{client.Name} has not ended after {Deadline} s, with {client.Answers.Count} answers");
            world.Watch.Settle();
            if (tally.Violations.Count == 0)
                await Aftermath(world, mayLose: kinds.Any(FaultPlan.LosesMessages));
            stop.Cancel();
            await open;
            await world.DisposeAsync();
        });
        return new RunResult(seed, world.Watch.Hash, tally, world.Pump.Steps, world.Now);
    }

    private static bool TryReferences(IEnumerable<Conversation> conversations, Tally tally, out List<IReadOnlyList<Answer>> references)
    {
        references = [];
        try
        {
            references.AddRange(conversations.Select(Reference));
            return true;
        }
        catch (InvalidOperationException broken)
        {
            tally.Violated(broken.Message);
            return false;
        }
    }

    /// <summary>The answers of a conversation that nothing disturbs.</summary>
    public static IReadOnlyList<Answer> Reference(Conversation conversation) => References.GetOrAdd(conversation, static conversation =>
    {
        var tally = new Tally();
        var world = new World(0, WorldSetup.Calm, tally);
        var client = new Client(world, world.Gateways[0], conversation, new Behaviour(1, null, false, 0.1), null);
        Play(world, async () =>
        {
            await world.Cluster.StartAsync();
            using var stop = new CancellationTokenSource();
            var open = world.KeepDevicesOpen(stop.Token);
            await client.Run();
            stop.Cancel();
            await open;
            await world.DisposeAsync();
        });
        return tally.Violations.Count == 0 ? client.Answers : throw new InvalidOperationException($"{client.Name} fails undisturbed: {tally.Violations[0]}");
    });

    private static void Play(World world, Func<Task> story)
    {
        try
        {
            world.Pump.Run(story, MostSteps);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            world.Tally.Violated($"the run broke: {failure}");
        }
    }

    /// <summary>The faults are over and everybody has their answer: nothing may be left.</summary>
    private static async Task Aftermath(World world, bool mayLose)
    {
        await world.Delay(World.ParkedRetention.TotalSeconds + 45);
        if (mayLose && Leftovers(world).Any())
            await world.Delay(11 * 60); // what a lost message left behind goes with its lease
        foreach (var left in Leftovers(world))
            world.Tally.Violated($"left over: {left}");
    }

    private static IEnumerable<string> Leftovers(World world)
    {
        foreach (var (worker, loop) in world.Watch.OpenDevices)
        {
            foreach (var held in loop.Held)
                yield return $"{held.Request} under epoch {held.Epoch} is {held.Phase} on {worker}";
        }

        foreach (var grain in world.Cluster.Activations<IRequestGrain>())
            yield return $"{grain.GrainId} is active on {grain.Silo}";
        if (world.Cluster.StoredStates > 0)
            yield return $"{world.Cluster.StoredStates} request states are stored";
    }
}
