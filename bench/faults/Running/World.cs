using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Gateway.Access;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Models;
using Pharos.Gateway;
using Pharos.Grains.Configuration;
using Pharos.Grains.Devices;
using Pharos.Grains.Hosting;
using Pharos.Grains.Tools;
using Pharos.Grains;
using Pharos.Inference.Backend;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Requests;

namespace Pharos.Bench.Faults.Running;

/// <summary>How a run's cluster is made up.</summary>
/// <param name="StepTime">Of one device iteration.</param>
internal sealed record WorldSetup(int Silos, int WorkersPerSilo, int Gateways, int DeviceBlocks, int HostBlocks, string Pause, string Rank, TimeSpan StepTime)
{
    /// <summary>One silo and room for everything: for the text that nothing disturbed.</summary>
    public static WorldSetup Calm { get; } = new(1, 1, 1, 400, 400, "preserve", "fcfs", TimeSpan.FromMilliseconds(1));

    public static WorldSetup Draw(Random random) => new(
        2 + random.Next(2), 1 + random.Next(2), 1 + random.Next(2), 64 + random.Next(50), random.Next(2) * 40,
        ((string[])["lamps", "preserve", "swap", "discard"])[random.Next(4)], ((string[])["lamps", "fcfs", "sjf", "requeue"])[random.Next(4)],
        TimeSpan.FromMilliseconds(4 + random.Next(30)));
}

/// <summary>A whole cluster on one thread in virtual time: real grains, real cores, the gateways' own answer logic; only devices, tools and wires are played.</summary>
internal sealed class World : IAsyncDisposable
{
    public static readonly TimeSpan ParkedRetention = TimeSpan.FromSeconds(40);
    private readonly IHost host;
    private readonly Random random;
    private long ids;

    public World(int seed, WorldSetup setup, Tally tally, ILoggerFactory? logs = null)
    {
        Setup = setup;
        Tally = tally;
        random = new Random(seed * 31 + 7);
        Time = new VirtualTime();
        Watch = new Watch(tally);
        Pump = new DeterministicPump(seed) { Time = Time, Trace = Watch.Step, AfterStep = () => Watch.AfterStep(grain => Cluster?.InstanceOf(grain)) };
        Network = new FaultyNetwork(new Random(seed * 31 + 1), tally, Watch);
        Storage = new FaultyStorage(new Random(seed * 31 + 2), Time, tally);
        Pieces = new FaultyPieces(new Random(seed * 31 + 6), tally);
        Tools = new FaultyTools(new Random(seed * 31 + 3), Time, tally);
        var options = new PharosOptions
        {
            Backend = "simulated",
            Workers = setup.WorkersPerSilo,
            ParkedRetention = ParkedRetention,
            FinishedRetention = TimeSpan.FromSeconds(30), // more than a gateway's patience
            Batch = new BatchOptions { MaxTokens = 64, MaxSequences = 6 },
            Migration = new MigrationOptions { PieceBytes = 128 }, // two blocks
            Policy = new PolicyOptions { Rank = setup.Rank, Pause = setup.Pause },
        };
        host = Build(seed, options, logs ?? NullLoggerFactory.Instance);
        Cluster = host.Services.GetRequiredService<InProcessCluster>();
        Gateways = [.. Enumerable.Range(0, setup.Gateways).Select(i => NewGateway($"gw-{i}", seed, logs ?? NullLoggerFactory.Instance))];
    }

    public WorldSetup Setup { get; }

    public Tally Tally { get; }

    public VirtualTime Time { get; }

    public DeterministicPump Pump { get; }

    public Watch Watch { get; }

    public FaultyNetwork Network { get; }

    public FaultyStorage Storage { get; }

    public FaultyPieces Pieces { get; }

    public FaultyTools Tools { get; }

    public InProcessCluster Cluster { get; }

    public ImmutableArray<Gateway> Gateways { get; }

    /// <summary>Devices by worker key, the latest of each.</summary>
    public SortedDictionary<string, FaultyDevice> Devices { get; } = new(StringComparer.Ordinal);

    /// <summary>What is stored of a request; null: nothing.</summary>
    public RequestState? Stored(string request) => (RequestState?)Cluster.StoredState("pharos", "request", GrainId.Create("request", request));

    public ISchedulerGrain Scheduler => Cluster.Client.GetGrain<ISchedulerGrain>(PharosModel.Served.Name);

    public double Now => (Time.GetUtcNow() - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds;

    public Task Delay(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Time);

    /// <summary>Opens the devices of all silos that are there, as each process does every second.</summary>
    public async Task KeepDevicesOpen(CancellationToken stop)
    {
        var starter = Cluster.NewClient("starter");
        while (!stop.IsCancellationRequested)
        {
            foreach (var worker in WorkerKey.All(PharosModel.Served.Name, Cluster.Silos, Setup.WorkersPerSilo))
                _ = Ignoring(starter.GetGrain<IWorkerGrain>(worker).Open());
            await Task.Delay(TimeSpan.FromSeconds(1), Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>The devices of a silo as it lives now.</summary>
    public WatchedDevices DevicesOf(string silo) => (WatchedDevices)Cluster.ServicesOf(silo).GetRequiredService<IDeviceHost>();

    public static async Task Ignoring(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception)
        {
            // Tried again soon, or meant to fail.
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in Gateways)
            await gateway.Feeds.DisposeAsync();
        await Cluster.DisposeAsync();
    }

    private IHost Build(int seed, PharosOptions options, ILoggerFactory logs)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(logs);
        builder.Services.AddSingleton(Options.Create(options));
        builder.Services.AddSingleton(PharosModel.Served);
        builder.Services.AddSingleton(ModelFamily.Of(PharosModel.Served, []));
        builder.Services.AddSingleton(new EnergyMeter(Time));
        builder.Services.AddSingleton<IToolCaller>(Tools);
        builder.AddPharosCluster(cluster =>
        {
            cluster.Silos = Setup.Silos;
            cluster.Seed = seed;
            cluster.ResponseTimeout = TimeSpan.FromSeconds(6); // as in the cluster profile
            cluster.MessagePump = Pump;
            cluster.StateExpiry = options.ParkedRetention + options.FinishedRetention;
            cluster.TimeProvider = Time;
            cluster.Network = Network;
            cluster.StorageFaults = Storage;
            cluster.GrainAssemblies.Add(typeof(RequestGrain).Assembly);
            cluster.ConfigureSilo((silo, services) =>
            {
                services.AddSingleton(provider =>
                {
                    var self = provider.GetRequiredService<ILocalSiloDetails>();
                    return new BackgroundLoops(name => self.TurnsBeside($"device {name}"));
                });
                services.AddSingleton<IBackendFactory>(new Backends(this, silo));
                // Not the container's to dispose: the devices of a silo that was killed are simply gone.
                services.AddSingleton<IDeviceHost>(provider => new WatchedDevices(ActivatorUtilities.CreateInstance<DeviceHost>(provider), Watch));
            });
        });
        return builder.Build();
    }

    private Gateway NewGateway(string name, int seed, ILoggerFactory logs)
    {
        var grains = new ClusterGrains(Cluster.NewClient(name));
        var identity = new GatewayIdentity(name);
        var retry = new GrainRetry(Time, new Random(seed * 31 + 4));
        var loops = new BackgroundLoops(_ => TaskScheduler.FromCurrentSynchronizationContext());
        var feeds = new WorkerFeeds(grains, identity, Time, loops, logs.CreateLogger<WorkerFeeds>());
        var factory = new RequestFactory(PromptModel.Of(PharosModel.Served), identity, Tools, new Random(seed * 31 + 5), Options.Create(new PharosOptions()));
        var tenants = new TenantGate(grains, identity, retry, Options.Create(new PharosOptions()), Time, logs.CreateLogger<TenantGate>()); // without limits
        var starter = new ChatStarter(
            factory, grains, feeds, retry, identity, new GatewayOptions { FollowPatience = TimeSpan.FromSeconds(20) }, Time, new ChatIds(Time, () => $"r{++ids}"), tenants, logs.CreateLogger<AnswerStream>());
        return new Gateway(name, starter, feeds);
    }

    private sealed class Backends(World world, string silo) : IBackendFactory
    {
        public Task<IModelBackend> OpenAsync(string device, ServedModel candidate, CancellationToken ct)
        {
            var backend = new FaultyDevice(new SimulatedBackend(PharosModel.Device(world.Setup.DeviceBlocks, world.Setup.HostBlocks, world.Setup.StepTime), world.Time), world.Pieces);
            world.Devices[$"{silo}/{device}"] = backend;
            return Task.FromResult<IModelBackend>(backend);
        }
    }
}

/// <summary>A gateway without HTTP.</summary>
internal sealed record Gateway(string Name, ChatStarter Starter, WorkerFeeds Feeds);
