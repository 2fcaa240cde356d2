namespace Pharos.InProcess;

/// <summary>One activation's view of one stored state.</summary>
internal sealed class PersistentStateFacet<TState> : IPersistentState<TState>
{
    private readonly Activation activation;
    private readonly MemoryStorage storage;
    private readonly string stateName;
    private readonly string storageName;

    public PersistentStateFacet(Activation activation, MemoryStorage storage, string stateName, string? storageName)
    {
        this.activation = activation;
        this.storage = storage;
        this.stateName = stateName;
        this.storageName = storageName ?? "Default";
        State = Fresh();
    }

    public TState State { get; set; }
    public string? Etag { get; private set; }
    public bool RecordExists { get; private set; }

    public Task ReadStateAsync() => Guarded(StorageOperation.Read, () =>
    {
        var record = storage.Read(storageName, stateName, activation.GrainId);
        State = record is null ? Fresh() : DeepCopier.Copy((TState)record.State!, activation.Silo.GrainFactory);
        Etag = record?.Etag;
        RecordExists = record is not null;
    });

    public Task WriteStateAsync() => Guarded(StorageOperation.Write, () =>
    {
        Etag = storage.Write(storageName, stateName, activation.GrainId, DeepCopier.Copy(State), Etag);
        RecordExists = true;
    });

    public Task ClearStateAsync() => Guarded(StorageOperation.Clear, () =>
    {
        storage.Clear(storageName, stateName, activation.GrainId, Etag);
        State = Fresh();
        Etag = null;
        RecordExists = false;
    });

    public Task ReadStateAsync(CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : ReadStateAsync();

    public Task WriteStateAsync(CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : WriteStateAsync();

    public Task ClearStateAsync(CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : ClearStateAsync();

    private Task Guarded(StorageOperation kind, Action operation) =>
        activation.Silo.Cluster.Options.StorageFaults is { } faults ? WithFaults(faults, kind, operation) : Touch(operation);

    private async Task WithFaults(IStorageFaults faults, StorageOperation kind, Action operation)
    {
        await faults.Before(kind, activation.GrainId);
        await Touch(operation);
        await faults.After(kind, activation.GrainId);
    }

    private Task Touch(Action operation)
    {
        try
        {
            if (activation.Silo.IsDead) throw new SiloUnavailableException($"The state '{stateName}' of {activation.GrainId} was not touched: {activation.Silo.Name} is gone.");
            operation();
            return Task.CompletedTask;
        }
        catch (Exception exception)
        {
            if (exception is InconsistentStateException conflict) conflict.Writer = activation;
            return Task.FromException(exception);
        }
    }

    private static TState Fresh() => typeof(TState).IsValueType || typeof(TState).GetConstructor([]) is not null
        ? System.Activator.CreateInstance<TState>()
        : throw new OrleansException($"The state {typeof(TState)} has no public parameterless constructor, so a new grain would have none.");
}
