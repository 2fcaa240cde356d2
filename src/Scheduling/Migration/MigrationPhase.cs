namespace Pharos.Scheduling.Migration;

/// <summary>
/// Where a migration is. Copying -> Delta -> Switching -> Done; each of the first three -> Aborted, which leaves the source as it was.
/// </summary>
public enum MigrationPhase
{
    /// <summary>The cache is copied, in checksummed chunks, while the sequence goes on where it is.</summary>
    Copying,

    /// <summary>The sequence has stopped at its source, or is parked there; what was computed since the copying comes with its state.</summary>
    Delta,

    /// <summary>All is here: the request is asked to make this worker its owner.</summary>
    Switching,

    /// <summary>It is this worker's.</summary>
    Done,

    /// <summary>It stays, or goes on, where it was; what came here is dropped.</summary>
    Aborted,
}
