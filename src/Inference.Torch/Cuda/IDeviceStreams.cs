namespace Pharos.Inference.Torch.Cuda;

/// <summary>Streams, events and copies beside those of TorchSharp, which knows one stream only. Handles are the runtime's own.</summary>
internal interface IDeviceStreams
{
    /// <summary>A stream that does not wait for others by itself.</summary>
    nint CreateStream();

    void DestroyStream(nint stream);

    /// <summary>Returns when all that was given to a stream is done.</summary>
    void Synchronize(nint stream);

    /// <summary>What a stream gets from now on waits for an event; the caller does not.</summary>
    void Wait(nint stream, nint @event);

    nint CreateEvent();

    void DestroyEvent(nint @event);

    void Record(nint @event, nint stream);

    bool IsDone(nint @event);

    /// <summary>Seconds between two events, both done.</summary>
    double Seconds(nint start, nint end);

    /// <summary>Starts a copy of equal pieces that lie a pitch apart.</summary>
    /// <param name="width">Bytes of a piece.</param>
    /// <param name="height">Pieces.</param>
    void Copy(nint target, long targetPitch, nint source, long sourcePitch, long width, long height, bool toHost, nint stream);

    /// <summary>Host memory that a device copies from and to by itself.</summary>
    nint AllocatePinned(long bytes);

    void FreePinned(nint memory);
}
