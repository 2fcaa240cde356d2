namespace Pharos.InProcess;

/// <summary>Anything that can be called by reference: a grain or an observer.</summary>
public interface IAddressable;

/// <summary>Marks the interface of a grain.</summary>
public interface IGrain : IAddressable;

/// <summary>A grain whose identity is a string. The only kind of key this host knows.</summary>
public interface IGrainWithStringKey : IGrain;

/// <summary>Callbacks from grains to an object outside them. Methods return void, Task or ValueTask.</summary>
public interface IGrainObserver : IAddressable;

/// <summary>What every grain class implements, either through <see cref="Grain"/> or by itself.</summary>
public interface IGrainBase
{
    IGrainContext GrainContext { get; }

    /// <summary>Runs as the activation's first turn, after its persistent state has been read. A failure reaches the callers.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Runs as the activation's last turn. Not called when a silo is killed.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}

/// <summary>Hands out references to grains and to observers.</summary>
public interface IGrainFactory
{
    /// <summary>A reference; nothing is activated before the first call.</summary>
    /// <param name="primaryKey">The grain's key.</param>
    /// <param name="grainClassNamePrefix">Chooses among several classes that implement the interface.</param>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;

    IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);

    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable;

    /// <summary>A reference to <paramref name="obj"/> that can be sent to grains; it stays valid until it is deleted.</summary>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;

    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;
}

/// <summary>A grain factory for code outside grains.</summary>
public interface IClusterClient : IGrainFactory
{
    IServiceProvider ServiceProvider { get; }
}

/// <summary>Who this virtual silo is; in the services of each silo.</summary>
public interface ILocalSiloDetails
{
    string Name { get; }
}
