using System.Collections.Immutable;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Devices;

/// <summary>What a device loop wants its grain to pass on.</summary>
public abstract record DeviceEvent
{
    private DeviceEvent()
    {
    }

    public sealed record SegmentEnded(string Request, SegmentReport Report) : DeviceEvent;

    public sealed record ReceiptRevised(string Request, int Epoch, PauseReceipt Receipt) : DeviceEvent;

    /// <summary>Memory or a place in the batch became free: the scheduler should know at once.</summary>
    public sealed record RoomChanged : DeviceEvent
    {
        public static RoomChanged Instance { get; } = new();
    }

    /// <summary>The device failed under a sequence; it must go on elsewhere.</summary>
    public sealed record SequenceLost(string Request, int Epoch, ImmutableArray<int> Generated) : DeviceEvent;
}
