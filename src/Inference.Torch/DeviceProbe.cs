using System.Diagnostics;
using Pharos.Inference.Backend;
using Pharos.Inference.Torch.Cuda;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch;

/// <summary>Measures what a device can do: the limits that figures of the engine are shares of.</summary>
internal static class DeviceProbe
{
    private const int Samples = 5;

    public static DeviceSpeeds Measure(TorchDevice device, string dtype)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        var type = dtype switch { "fp32" => ScalarType.Float32, "fp16" => ScalarType.Float16, _ => ScalarType.BFloat16 };
        return new DeviceSpeeds(device.Name, Copy(device), Multiply(device, type), device.IsCuda ? FromHost(device) : 0);
    }

    private static double Copy(TorchDevice device)
    {
        long bytes = device.IsCuda ? 2L << 30 : 128 << 20;
        var source = zeros(bytes / 4, dtype: ScalarType.Float32, device: device.Device);
        var target = empty(bytes / 4, dtype: ScalarType.Float32, device: device.Device);
        return 2 * bytes / Seconds(device, () => target.copy_(source));
    }

    private static double Multiply(TorchDevice device, ScalarType type)
    {
        long size = device.IsCuda ? 8192 : 768;
        var left = rand(size, size, dtype: ScalarType.Float32, device: device.Device).sub_(Scalars.Half).to(type); // constant operands run faster than any real ones
        return 2.0 * size * size * size / Seconds(device, () => left.mm(left).Dispose());
    }

    // As swapping copies, so that nothing else is measured: pinned memory of the runtime where there is one.
    private static double FromHost(TorchDevice device)
    {
        const long Bytes = 1L << 30;
        var target = empty(Bytes / 4, dtype: ScalarType.Float32, device: device.Device);
        if (CudaRuntime.TryFind() is not { } runtime)
        {
            var plain = zeros(Bytes / 4, dtype: ScalarType.Float32);
            return Bytes / Seconds(device, () => target.copy_(plain));
        }
        runtime.SetDevice(device.Device.index);
        nint pinned = runtime.AllocatePinned(Bytes), stream = runtime.CreateStream(), address = target.Address();
        try
        {
            return Bytes / Seconds(device, () =>
            {
                runtime.Copy(address, Bytes, pinned, Bytes, Bytes, 1, toHost: false, stream);
                runtime.Synchronize(stream);
            });
        }
        finally
        {
            runtime.DestroyStream(stream);
            runtime.FreePinned(pinned);
        }
    }

    private static double Seconds(TorchDevice device, Action work)
    {
        double least = double.PositiveInfinity;
        for (int i = 0; i <= Samples; i++)
        {
            Wait(device);
            long start = Stopwatch.GetTimestamp();
            work();
            Wait(device);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            least = i == 0 ? least : Math.Min(least, seconds); // the first warms up
        }
        return least;
    }

    private static void Wait(TorchDevice device)
    {
        if (device.IsCuda)
            cuda.synchronize(device.Device);
    }
}
