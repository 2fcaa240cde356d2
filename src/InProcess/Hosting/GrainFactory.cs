namespace Pharos.InProcess;

/// <summary>Hands out references for the code of one silo, or for code outside silos.</summary>
internal sealed class GrainFactory(InProcessCluster cluster, Silo? silo, string client = "client") : IClusterClient
{
    public InProcessCluster Cluster => cluster;

    /// <summary>The silo, or the client's name.</summary>
    public string Name => silo?.Name ?? client;

    /// <summary>Null outside silos.</summary>
    public Silo? Silo => silo;

    public IServiceProvider ServiceProvider => silo?.Services ?? cluster.HostServices;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey =>
        (TGrainInterface)(object)Create(typeof(TGrainInterface), primaryKey, grainClassNamePrefix);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => (IGrain)(object)Create(grainInterfaceType, grainPrimaryKey, null);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable => (TGrainInterface)(object)Reference(typeof(TGrainInterface), grainId);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (obj is GrainReference) throw new ArgumentException($"{obj} is a reference already.", nameof(obj));
        if (obj is not TGrainObserverInterface) throw new ArgumentException($"{obj.GetType().Name} does not implement {typeof(TGrainObserverInterface).Name}.", nameof(obj));
        return (TGrainObserverInterface)(object)GrainReference.Create(typeof(TGrainObserverInterface), cluster.Observers.Add(obj, silo), this);
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver => cluster.Observers.Remove(obj);

    public GrainReference Reference(Type interfaceType, GrainId grainId) => GrainReference.Create(interfaceType, cluster.TargetOf(grainId), this);

    private GrainReference Create(Type interfaceType, string key, string? classPrefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var grainClass = cluster.Classes.ForInterface(interfaceType, classPrefix);
        return GrainReference.Create(interfaceType, new GrainTarget(new GrainId(grainClass.GrainType, new IdSpan(key)), grainClass), this);
    }
}
