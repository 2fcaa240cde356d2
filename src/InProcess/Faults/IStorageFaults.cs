namespace Pharos.InProcess;

/// <summary>What a grain does to its stored state.</summary>
public enum StorageOperation
{
    Read,
    Write,
    Clear,
}

/// <summary>Stands before and behind every access to a stored state; for simulations of faults. What it throws, the grain gets.</summary>
public interface IStorageFaults
{
    Task Before(StorageOperation operation, GrainId grain);

    /// <summary>The operation has had its effect.</summary>
    Task After(StorageOperation operation, GrainId grain);
}
