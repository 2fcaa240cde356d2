namespace Pharos.Bench.Faults;

/// <summary>What can go wrong in a run.</summary>
internal enum FaultKind
{
    /// <summary>A silo's process is gone at once; it comes back empty.</summary>
    SiloKilled,

    /// <summary>A silo is told to stop and comes back: a rolling restart.</summary>
    SiloRestarted,

    /// <summary>A silo stands still for a while; the others wait.</summary>
    SiloHalted,

    /// <summary>A silo stands still for so long that the others hold it for dead; then it goes on, not knowing.</summary>
    SiloEvicted,

    MessagesLost,
    AnswersLost,
    MessagesDoubled,
    MessagesDelayed,

    /// <summary>A write fails, before or after it had its effect.</summary>
    StorageFails,

    StorageSlow,

    /// <summary>A tool gives no answer until its timeout.</summary>
    ToolSilent,

    ToolSlow,
    ToolFails,

    /// <summary>The client's connection is gone in the middle of an answer, or it never brings the results it was asked for.</summary>
    ClientVanishes,

    /// <summary>A device runs out of memory in the middle of an iteration.</summary>
    DeviceFails,

    /// <summary>A gateway reaches nobody for a while.</summary>
    GatewayCutOff,

    /// <summary>An operator drains a worker, or cordons it, and takes that back.</summary>
    WorkerDrained,

    /// <summary>An operator sends all away that a worker has, in the middle of their answers.</summary>
    WorkerEvacuated,

    /// <summary>Sequences are sent to other workers, running and parked, all the time.</summary>
    SequenceMoved,

    /// <summary>Pieces of caches on their way come damaged.</summary>
    PieceDamaged,

    /// <summary>Messages of migrations are lost, or their answers.</summary>
    PieceLost,

    /// <summary>The silo of the worker that a sequence leaves is gone in the middle of it.</summary>
    MoveSourceKilled,

    /// <summary>The silo of the worker that a sequence goes to is gone in the middle of it.</summary>
    MoveTargetKilled,

    /// <summary>Words to free a sequence come seconds late, and then once more.</summary>
    ReleaseLate,

    /// <summary>A sequence on its way is called off, or is forgotten where it has just come to.</summary>
    MoveCalledOff,
}
