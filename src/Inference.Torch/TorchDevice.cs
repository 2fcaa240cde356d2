using Pharos.Inference.Backend;
using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch;

/// <summary>A device that TorchSharp can use on this machine.</summary>
internal sealed class TorchDevice
{
    private TorchDevice(Device device) => Device = device;

    public Device Device { get; }

    public bool IsCuda => Device.type == DeviceType.CUDA;

    public string Name => IsCuda ? $"cuda:{Device.index}" : "cpu";

    /// <summary>Loads the native library, once a process, and finds the device.</summary>
    /// <exception cref="NotSupportedException">Either is missing; the message says which, and what to do.</exception>
    public static TorchDevice Open(BackendSettings settings)
    {
        switch (settings.Accelerator)
        {
            case "cpu":
                Load(DeviceType.CPU, "build with -p:Torch=cpu or -p:Torch=true");
                if (settings.Threads > 0)
                    set_num_threads(settings.Threads);
                return new TorchDevice(torch.CPU);
            case "cuda":
                if (!Load(DeviceType.CUDA, "build with -p:Torch=true"))
                    throw new NotSupportedException(
                        "libtorch finds no CUDA device: an NVIDIA driver and a device that this process may see are expected (nvidia-smi shows them), and a build with -p:Torch=true.");
                int devices = cuda.device_count();
                if (settings.Device >= devices)
                    throw new NotSupportedException($"Worker device {settings.Device} wants cuda:{settings.Device}; this machine has {devices} CUDA device(s). Have at most as many workers a process.");
                return new TorchDevice(new Device(DeviceType.CUDA, settings.Device));
            default:
                throw new NotSupportedException($"Torch:Device '{settings.Accelerator}' is not known; cuda or cpu is expected.");
        }
    }

    private static bool Load(DeviceType type, string remedy)
    {
        try
        {
            return torch.TryInitializeDeviceType(type);
        }
        catch (Exception failure) when (failure is NotSupportedException or TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            string reason = failure.Message.Split('\n', 2)[0].Trim();
            throw new NotSupportedException($"the native library of TorchSharp does not load ({reason}); {remedy} on a platform that its packages support.", failure);
        }
    }
}
