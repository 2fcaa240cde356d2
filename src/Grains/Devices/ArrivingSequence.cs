using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>A sequence on its way to a device.</summary>
internal sealed class ArrivingSequence(MigrationOrder order, ExpectedSequence blocks)
{
    public MigrationOrder Order => order;

    public ExpectedSequence Blocks => blocks;
}

/// <summary>What became of a piece at the device it was meant for.</summary>
public enum PieceOutcome
{
    Taken,

    /// <summary>It came damaged: it is to be fetched again.</summary>
    Damaged,

    /// <summary>There is no room for it any more.</summary>
    NoRoom,

    /// <summary>Nobody waits for it here.</summary>
    Unexpected,
}
