using System.Reflection;

namespace Pharos.InProcess;

/// <summary>How the cluster in this process is made up.</summary>
public sealed class InProcessClusterOptions
{
    /// <summary>How many virtual silos start, named <c>silo-0</c> on; ignored where <see cref="SiloNames"/> is set.</summary>
    public int Silos { get; set; } = 1;

    /// <summary>The names of the silos that start, in place of <see cref="Silos"/>.</summary>
    public IReadOnlyList<string>? SiloNames { get; set; }

    /// <summary>How long a caller waits for a response before a TimeoutException. <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an unused activation is kept.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often unused activations are looked for.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a deactivation waits for running requests, and then OnDeactivateAsync until its token is cancelled.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long an enumeration that its caller doesn't continue is disposed.</summary>
    public TimeSpan EnumeratorExpiry { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after its last write a stored state is kept; null: for ever.</summary>
    public TimeSpan? StateExpiry { get; set; }

    /// <summary>Where random placement starts.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Where grain classes are looked for; empty: all assemblies beside the program that use this one.</summary>
    public IList<Assembly> GrainAssemblies { get; } = [];

    /// <summary>Runs turns and delivers messages.</summary>
    public IMessagePump MessagePump { get; set; } = new ThreadPoolPump();

    /// <summary>The clock of the cluster; null: the host's TimeProvider, or the system's.</summary>
    public TimeProvider? TimeProvider { get; set; }

    /// <summary>Null: every message arrives, at once.</summary>
    public INetwork? Network { get; set; }

    /// <summary>Null: storage never fails.</summary>
    public IStorageFaults? StorageFaults { get; set; }

    internal List<Action<string, IServiceCollection>> SiloConfigurations { get; } = [];

    /// <summary>
    /// Adds services that each silo has for itself, e.g. its devices. They are made anew when a silo starts and disposed when it ends, and win over
    /// the host's services. No open generics (so no Configure&lt;T&gt;): pass what a service needs to it.
    /// </summary>
    public InProcessClusterOptions ConfigureSilo(Action<string, IServiceCollection> configure)
    {
        SiloConfigurations.Add(configure);
        return this;
    }

    internal IReadOnlyList<string> Names()
    {
        if (SiloNames is { Count: > 0 } names) return names.Distinct().Count() == names.Count ? names : throw new OrleansException($"SiloNames must differ from each other; came {string.Join(", ", names)}.");
        return Silos > 0 ? [.. Enumerable.Range(0, Silos).Select(i => $"silo-{i}")] : throw new OrleansException($"Silos must be 1 or more; came {Silos}.");
    }
}
