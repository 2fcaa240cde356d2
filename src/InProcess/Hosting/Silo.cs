using System.Collections.Concurrent;

namespace Pharos.InProcess;

/// <summary>Whether a virtual silo takes activations.</summary>
public enum SiloStatus
{
    Active,

    /// <summary>Ends gracefully: its activations are being deactivated, new ones go elsewhere.</summary>
    ShuttingDown,

    /// <summary>The others hold it for dead; it does not know yet.</summary>
    Evicted,

    Dead,
}

/// <summary>One life of one virtual silo: starting it again makes another object.</summary>
internal sealed class Silo : ILocalSiloDetails
{
    private readonly ConcurrentDictionary<Activation, bool> activations = new();
    private readonly Lock halting = new();
    private readonly List<TurnQueue> held = [];
    private readonly List<TurnQueue> beside = [];
    private bool halted;
    private int count;

    public Silo(InProcessCluster cluster, string name)
    {
        Cluster = cluster;
        Name = name;
        GrainFactory = new GrainFactory(cluster, this);
        var services = new ServiceCollection();
        foreach (var configure in cluster.Options.SiloConfigurations) configure(name, services);
        services.AddSingleton<ILocalSiloDetails>(this);
        services.AddSingleton<IGrainFactory>(GrainFactory);
        services.AddSingleton<IClusterClient>(GrainFactory);
        Services = new SiloServices(cluster.HostServices, services, name);
    }

    public InProcessCluster Cluster { get; }
    public string Name { get; }
    public GrainFactory GrainFactory { get; }
    public SiloServices Services { get; }
    public SiloStatus Status { get; private set; }
    public bool IsDead => Status == SiloStatus.Dead;
    public int ActivationCount => Volatile.Read(ref count);

    public void Add(Activation activation)
    {
        if (activations.TryAdd(activation, true)) Interlocked.Increment(ref count);
    }

    public void Remove(Activation activation)
    {
        if (activations.TryRemove(activation, out _)) Interlocked.Decrement(ref count);
    }

    /// <summary>Turns for work of this silo beside its activations.</summary>
    public TurnQueue NewTurns(string name)
    {
        var turns = new TurnQueue(Cluster.Pump, Cluster.Quiescence, name, this);
        lock (halting) beside.Add(turns);
        return turns;
    }

    /// <summary>As if its process had been stopped: messages wait, clocks go on.</summary>
    public void Halt()
    {
        lock (halting) halted = true;
    }

    public void Resume()
    {
        TurnQueue[] waiting;
        lock (halting)
        {
            halted = false;
            waiting = [.. held];
            held.Clear();
        }

        foreach (var turns in waiting) turns.Release();
    }

    /// <summary>True where the silo stands still: the queue gets its turn when it goes on.</summary>
    public bool Holds(TurnQueue turns)
    {
        lock (halting)
        {
            if (halted) held.Add(turns);
            return halted;
        }
    }

    /// <summary>Others take over its grains; what waits for them here fails.</summary>
    public void Evict()
    {
        Cluster.Directory.WithoutPlacing(() => Status = SiloStatus.Evicted);
        foreach (var activation in InOrder()) activation.Evict();
    }

    /// <summary>As if its process had been killed: nothing on it runs any more, nothing is deactivated.</summary>
    public async Task KillAsync()
    {
        Cluster.Directory.WithoutPlacing(() => Status = SiloStatus.Dead);
        foreach (var activation in InOrder()) activation.Kill();
        Resume();
        await EndAsync();
    }

    /// <summary>Deactivates everything, then ends.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        Cluster.Directory.WithoutPlacing(() => Status = SiloStatus.ShuttingDown);
        foreach (var activation in InOrder())
        {
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ShuttingDown, $"{Name} is shutting down."), CancellationToken.None);
        }

        try
        {
            await Task.WhenAll(InOrder().Select(a => a.Deactivated)).WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            Cluster.Log.LogWarning("{Silo} ends although {Count} activations are still there", Name, ActivationCount);
        }

        Cluster.Directory.WithoutPlacing(() => Status = SiloStatus.Dead);
        foreach (var activation in InOrder()) activation.Kill();
        await EndAsync();
    }

    // The same order in every run, for runs that are to be repeatable.
    private List<Activation> InOrder() => [.. activations.Keys.OrderBy(a => a.GrainId)];

    private async Task EndAsync()
    {
        lock (halting)
        {
            foreach (var turns in beside) turns.Kill();
            beside.Clear();
        }

        Cluster.Observers.RemoveOf(this);
        try
        {
            await Services.DisposeAsync();
        }
        catch (Exception exception)
        {
            Cluster.Log.LogWarning(exception, "Disposing the services of {Silo} failed", Name);
        }
    }
}
