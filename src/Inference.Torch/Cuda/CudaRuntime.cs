using System.Runtime.InteropServices;

namespace Pharos.Inference.Torch.Cuda;

/// <summary>A call of the CUDA runtime failed.</summary>
public sealed class CudaException(string message) : Exception(message);

/// <summary>
/// The part of the CUDA runtime that TorchSharp does not offer: streams, events and copies of one's own. It is the library that TorchSharp's native
/// packages carry and have loaded already; a handle made by one is good for the other.
/// </summary>
internal sealed unsafe class CudaRuntime : IDeviceStreams
{
    private const uint NonBlockingStream = 1;
    private const int Success = 0;
    private const int NotReady = 600;
    private readonly delegate* unmanaged<int, int> setDevice;
    private readonly delegate* unmanaged<nint*, uint, int> streamCreate;
    private readonly delegate* unmanaged<nint, int> streamDestroy;
    private readonly delegate* unmanaged<nint, int> streamSynchronize;
    private readonly delegate* unmanaged<nint, nint, uint, int> streamWaitEvent;
    private readonly delegate* unmanaged<nint*, int> eventCreate;
    private readonly delegate* unmanaged<nint, int> eventDestroy;
    private readonly delegate* unmanaged<nint, nint, int> eventRecord;
    private readonly delegate* unmanaged<nint, int> eventQuery;
    private readonly delegate* unmanaged<float*, nint, nint, int> eventElapsedTime;
    private readonly delegate* unmanaged<void*, nuint, void*, nuint, nuint, nuint, int, nint, int> memcpy2DAsync;
    private readonly delegate* unmanaged<void**, nuint, uint, int> hostAlloc;
    private readonly delegate* unmanaged<void*, int> freeHost;
    private readonly delegate* unmanaged<int, byte*> errorString;

    private CudaRuntime(nint library)
    {
        setDevice = (delegate* unmanaged<int, int>)Find("cudaSetDevice");
        streamCreate = (delegate* unmanaged<nint*, uint, int>)Find("cudaStreamCreateWithFlags");
        streamDestroy = (delegate* unmanaged<nint, int>)Find("cudaStreamDestroy");
        streamSynchronize = (delegate* unmanaged<nint, int>)Find("cudaStreamSynchronize");
        streamWaitEvent = (delegate* unmanaged<nint, nint, uint, int>)Find("cudaStreamWaitEvent");
        eventCreate = (delegate* unmanaged<nint*, int>)Find("cudaEventCreate");
        eventDestroy = (delegate* unmanaged<nint, int>)Find("cudaEventDestroy");
        eventRecord = (delegate* unmanaged<nint, nint, int>)Find("cudaEventRecord");
        eventQuery = (delegate* unmanaged<nint, int>)Find("cudaEventQuery");
        eventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Find("cudaEventElapsedTime");
        memcpy2DAsync = (delegate* unmanaged<void*, nuint, void*, nuint, nuint, nuint, int, nint, int>)Find("cudaMemcpy2DAsync");
        hostAlloc = (delegate* unmanaged<void**, nuint, uint, int>)Find("cudaHostAlloc");
        freeHost = (delegate* unmanaged<void*, int>)Find("cudaFreeHost");
        errorString = (delegate* unmanaged<int, byte*>)Find("cudaGetErrorString");

        nint Find(string name) => NativeLibrary.GetExport(library, name);
    }

    /// <summary>The stream that TorchSharp works on: it knows no other.</summary>
    public static nint TorchStream => 0;

    /// <summary>The runtime of this process; null where there is none.</summary>
    public static CudaRuntime? TryFind() => TryLoad([.. Loaded(), "libcudart.so.12", "libcudart.so.13", "libcudart.so", "cudart64_12"]);

    /// <summary>The first of some libraries that loads and has what is needed.</summary>
    public static CudaRuntime? TryLoad(IEnumerable<string> libraries)
    {
        foreach (string library in libraries)
        {
            if (!NativeLibrary.TryLoad(library, out nint handle))
                continue;
            try
            {
                return new CudaRuntime(handle);
            }
            catch (EntryPointNotFoundException)
            {
                NativeLibrary.Free(handle);
            }
        }
        return null;
    }

    /// <summary>Makes a device the one that the calling thread's other calls are for.</summary>
    public void SetDevice(int device) => Require(setDevice(device), "choosing the device");

    public nint CreateStream()
    {
        nint stream;
        Require(streamCreate(&stream, NonBlockingStream), "making a stream");
        return stream;
    }

    public void DestroyStream(nint stream) => Require(streamDestroy(stream), "ending a stream");

    public void Synchronize(nint stream) => Require(streamSynchronize(stream), "waiting for a stream");

    public void Wait(nint stream, nint @event) => Require(streamWaitEvent(stream, @event, 0), "letting a stream wait");

    public nint CreateEvent()
    {
        nint @event;
        Require(eventCreate(&@event), "making an event");
        return @event;
    }

    public void DestroyEvent(nint @event) => Require(eventDestroy(@event), "ending an event");

    public void Record(nint @event, nint stream) => Require(eventRecord(@event, stream), "recording an event");

    public bool IsDone(nint @event)
    {
        int status = eventQuery(@event);
        return status != NotReady && Require(status, "asking for an event");
    }

    public double Seconds(nint start, nint end)
    {
        float milliseconds;
        Require(eventElapsedTime(&milliseconds, start, end), "reading a time");
        return milliseconds / 1e3;
    }

    public void Copy(nint target, long targetPitch, nint source, long sourcePitch, long width, long height, bool toHost, nint stream) => Require(
        memcpy2DAsync((void*)target, (nuint)targetPitch, (void*)source, (nuint)sourcePitch, (nuint)width, (nuint)height, toHost ? 2 : 1, stream), "starting a copy");

    public nint AllocatePinned(long bytes)
    {
        void* memory;
        Require(hostAlloc(&memory, (nuint)Math.Max(bytes, 1), 0), $"taking {bytes} bytes of pinned host memory");
        return (nint)memory;
    }

    public void FreePinned(nint memory) => Require(freeHost((void*)memory), "giving pinned memory back");

    private bool Require(int status, string doing)
    {
        if (status == Success)
            return true;
        throw new CudaException($"CUDA failed at {doing}: {Marshal.PtrToStringUTF8((nint)errorString(status))} ({status}).");
    }

    // Under whatever name: packages add a hash to it.
    private static IEnumerable<string> Loaded() => !OperatingSystem.IsLinux() ? [] : File.ReadLines("/proc/self/maps")
        .Select(line => line[(line.LastIndexOf(' ') + 1)..]).Where(path => Path.GetFileName(path).StartsWith("libcudart", StringComparison.Ordinal)).Distinct();
}
