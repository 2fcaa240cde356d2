namespace Pharos.InProcess;

/// <summary>What a test or a status page may see of an activation.</summary>
public readonly record struct ActivationInfo(GrainId GrainId, Type GrainClass, string Silo);

/// <summary>A cluster in one process: its virtual silos, what lives on them, and the means to end and start them.</summary>
public sealed class InProcessCluster : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, Silo> silos = new(StringComparer.Ordinal);
    private readonly Random random;
    private ITimer? collector;
    private long streamNumber;

    public InProcessCluster(IServiceProvider services, InProcessClusterOptions options)
    {
        HostServices = services;
        Options = options;
        Time = options.TimeProvider ?? services.GetService<TimeProvider>() ?? TimeProvider.System;
        Log = services.GetService<ILoggerFactory>()?.CreateLogger("Pharos.InProcess") ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
        Quiescence = new QuiescenceCounter(options.MessagePump.Continuations);
        random = new Random(options.Seed);
        Classes = new GrainClasses(options);
        Directory = new GrainDirectory(this);
        Observers = new ObserverTable(this);
        Deadlines = new Deadlines(Time);
        Storage = new MemoryStorage(Time, options.StateExpiry);
        Factory = new GrainFactory(this, null);
    }

    /// <summary>For callers outside the silos.</summary>
    public IClusterClient Client => Factory;

    /// <summary>The silos that are there, by name.</summary>
    public IReadOnlyList<string> Silos
    {
        get
        {
            lock (gate) return [.. silos.Values.Where(s => s.Status == SiloStatus.Active).Select(s => s.Name)];
        }
    }

    /// <summary>How many grains have an activation, or, on one silo.</summary>
    public int ActivationCount(string? silo = null) => silo is null ? Directory.All.Count() : Directory.All.Count(a => a.Silo.Name == silo);

    /// <summary>The activations of a grain class, given by the class or an interface of it; of all where none is given.</summary>
    public IReadOnlyList<ActivationInfo> Activations(Type? grainType = null) =>
    [
        .. Directory.All.Where(a => grainType is null || grainType.IsAssignableFrom(a.Target.Class.Type))
            .Select(a => new ActivationInfo(a.GrainId, a.Target.Class.Type, a.Silo.Name)).OrderBy(a => a.GrainId),
    ];

    public IReadOnlyList<ActivationInfo> Activations<TGrain>() => Activations(typeof(TGrain));

    /// <summary>How many states are stored.</summary>
    public int StoredStates => Storage.Count;

    /// <summary>The stored state of a grain, to look at and not to change; null where none is stored.</summary>
    public object? StoredState(string storage, string state, GrainId grain) => Storage.Read(storage, state, grain)?.State;

    /// <summary>The object of a grain's activation, to look at and not to call; null where it has none.</summary>
    public object? InstanceOf(GrainId grain) => Directory.Find(grain)?.Instance;

    /// <summary>The services of a silo, e.g. to reach the device host that ConfigureSilo gave it.</summary>
    public IServiceProvider ServicesOf(string silo) => Require(silo).Services;

    /// <summary>Ends a silo as a crash would: its activations vanish, their callers get a SiloUnavailableException. Its services are disposed.</summary>
    public Task KillSiloAsync(string name) => Take(name, remove: true).KillAsync();

    /// <summary>Ends a silo gracefully: its activations are deactivated; what waits for them goes on elsewhere.</summary>
    public async Task StopSiloAsync(string name, CancellationToken cancellationToken = default)
    {
        var silo = Take(name, remove: false);
        await silo.StopAsync(cancellationToken);
        Forget(silo);
    }

    /// <summary>Stops a silo as SIGSTOP does: what is sent there waits.</summary>
    public void HaltSilo(string name) => Require(name).Halt();

    /// <summary>Lets a halted silo go on.</summary>
    public void ResumeSilo(string name) => Require(name).Resume();

    /// <summary>Declares a silo dead that may only be slow: others take over its grains while it, once it runs, goes on for itself.</summary>
    public EvictedSilo EvictSilo(string name)
    {
        var silo = Take(name, remove: true);
        silo.Evict();
        return new EvictedSilo(silo);
    }

    /// <summary>A caller outside the silos that <see cref="INetwork"/> knows by name.</summary>
    public IClusterClient NewClient(string name) => new GrainFactory(this, null, name);

    /// <summary>Starts a silo: one that ended, or a new one that joins.</summary>
    public Task StartSiloAsync(string name)
    {
        lock (gate)
        {
            if (silos.ContainsKey(name)) throw new InvalidOperationException($"{name} is running; kill or stop it first.");
            silos.Add(name, new Silo(this, name));
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Completes when no turn runs or waits to run: whatever is left waits for time to pass or for someone outside. Work that a grain has handed to
    /// other threads is not seen; short work on the thread pool usually is.
    /// </summary>
    public async Task WaitForIdle()
    {
        for (var quiet = 0; quiet < 3;)
        {
            await Quiescence.WaitAsync();
            var before = Quiescence.Epoch;
            await Pump.SettleAsync();
            quiet = Quiescence.Epoch == before ? quiet + 1 : 0;
        }
    }

    internal IServiceProvider HostServices { get; }
    internal InProcessClusterOptions Options { get; }
    internal TimeProvider Time { get; }
    internal ILogger Log { get; }
    internal IMessagePump Pump => Options.MessagePump;
    internal QuiescenceCounter Quiescence { get; }
    internal GrainClasses Classes { get; }
    internal GrainDirectory Directory { get; }
    internal ObserverTable Observers { get; }
    internal Deadlines Deadlines { get; }
    internal MemoryStorage Storage { get; }
    internal GrainFactory Factory { get; }

    internal long NextStreamNumber() => Interlocked.Increment(ref streamNumber);

    internal CallTarget TargetOf(GrainId id) => Observers.Find(id) ?? (CallTarget)new GrainTarget(id, Classes.ByName(id.Type.Name));

    /// <summary>Starts all silos, and looking for idle activations. The host does it; call it where there is none.</summary>
    public async Task StartAsync()
    {
        foreach (var name in Options.Names()) await StartSiloAsync(name);
        collector = Time.CreateDetachedTimer(static self => self.CollectIdle(), this, Options.CollectionQuantum, Options.CollectionQuantum);
    }

    /// <summary>Stops all silos gracefully.</summary>
    public async Task StopAsync(CancellationToken cancellation = default)
    {
        collector?.Dispose();
        Silo[] all;
        lock (gate) all = [.. silos.Values];
        await Task.WhenAll(all.Select(s => s.StopAsync(cancellation)));
        foreach (var silo in all) Forget(silo);
    }

    public async ValueTask DisposeAsync()
    {
        collector?.Dispose();
        Silo[] all;
        lock (gate) all = [.. silos.Values];
        foreach (var silo in all) await silo.KillAsync();
        foreach (var silo in all) Forget(silo);
        Deadlines.Dispose();
    }

    /// <summary>Called while the directory is locked.</summary>
    internal Silo PlaceOn(GrainTarget target, Silo? caller)
    {
        List<Silo> active;
        lock (gate) active = [.. silos.Values.Where(s => s.Status == SiloStatus.Active)];
        if (active.Count == 0) throw new SiloUnavailableException($"{target.GrainId} has nowhere to live: no silo is running.");

        var strategy = target.Class.Placement;
        var director = HostServices.GetKeyedService<IPlacementDirector>(strategy.GetType())
            ?? throw new OrleansException($"{target.Class.Type.Name} is placed by {strategy.GetType().Name}, which has no director: services.AddPlacementDirector<{strategy.GetType().Name}, ...>().");
        var chosen = director.OnAddActivation(strategy, new PlacementTarget(target.GrainId), new PlacementContext(active, caller?.Name, random));
        return active.Find(s => s.Name == chosen)
            ?? throw new OrleansException($"{director.GetType().Name} placed {target.GrainId} on '{chosen}', which is not there; there are: {string.Join(", ", active.Select(s => s.Name))}.");
    }

    private void CollectIdle()
    {
        foreach (var activation in Directory.All.OrderBy(a => a.GrainId)) activation.CollectIfIdle();
    }

    private Silo Require(string name)
    {
        lock (gate)
        {
            return silos.TryGetValue(name, out var silo) ? silo : throw new ArgumentException($"No silo is called '{name}'; there are: {string.Join(", ", silos.Keys)}.");
        }
    }

    private Silo Take(string name, bool remove)
    {
        lock (gate)
        {
            var silo = Require(name);
            if (remove) silos.Remove(name);
            return silo;
        }
    }

    private void Forget(Silo silo)
    {
        lock (gate)
        {
            if (silos.TryGetValue(silo.Name, out var known) && ReferenceEquals(known, silo)) silos.Remove(silo.Name);
        }
    }

    private sealed class PlacementContext(List<Silo> active, string? local, Random random) : IPlacementContext
    {
        public string? LocalSilo => local;

        public IReadOnlyList<SiloLoad> GetCompatibleSilos(PlacementTarget target) => [.. active.Select(s => new SiloLoad(s.Name, s.ActivationCount))];

        public int NextRandom(int exclusiveUpperBound) => random.Next(exclusiveUpperBound);
    }
}
