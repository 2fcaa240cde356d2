using System.Diagnostics;
using Pharos.Inference.Backend;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>
/// The GPU engine under the same measurements. Limits are the device's own, measured once before: a copy within its memory, a large matrix
/// multiplication, and for swaps a copy from pinned host memory. Times are those on the wall.
///   dotnet run -c Release -p:Torch=true --project bench/engine -- --backend torch --shape llama-3.2-1b --batch 1,8,32,128,256 --depth 512 --prefill 512,4096
/// </summary>
internal static class TorchRun
{
    private const int OnTheWall = 0; // for the clock: not the processor time of one thread

    public static IEnumerable<Sample> Measure(Arguments arguments, string dtype, int[] batches, int[] depths, int[] prefills)
    {
        var shape = SeededModel.Parse(arguments.Text("shape", "768x12"));
        long start = Stopwatch.GetTimestamp();
        using var source = ModelDirectory.Load(arguments.Text("model") ?? new SeededFiles(arguments, shape, TypeOf(dtype)).Directory);
        int sequences = batches.Append(1).Max(), longest = prefills.Append(256).Max(), positions = Math.Max(depths.Append(0).Max() + 64, longest);
        int bytes = dtype == "fp32" ? 4 : 2;
        long kvBytes = (long)source.Shape.CanonicalBytesPerToken / 2 * bytes;
        var settings = Settings(arguments, dtype) with
        {
            DeviceBytes = (long)sequences * (positions + 16) * kvBytes + (64 << 20),
            HostBytes = 0,
            MaxTokensPerStep = Math.Max(arguments.Number("chunk", 4096), sequences),
            MaxSequences = sequences,
        };
        var provider = OptionalBackends.RequireTorch();
        using var ours = new PharosEngine(provider.Open(source, settings));
        var speeds = Describe(provider.Measure(settings, dtype));
        Console.Error.WriteLine($"{source.Shape.Name} {dtype}: ready to serve after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        var limits = new Limits(speeds.CopyBytesPerSecond, speeds.FlopsPerSecond);
        var comparison = new Comparison(source, dtype, source.Architecture.Parameters * bytes, kvBytes, OnTheWall, ours, peer: null, () => limits)
        {
            Repeats = arguments.Number("repeats", 5),
        };
        foreach (int depth in depths)
        {
            foreach (int batch in batches)
                yield return comparison.Decode(batch, depth);
        }
        foreach (int tokens in prefills)
            yield return comparison.Prefill(tokens);
    }

    public static async Task<int> SwapAsync(Arguments options, LoadedModel model)
    {
        var settings = Settings(options, "bf16") with
        {
            DeviceBytes = (long)options.Number("device-mb", 256) << 20, HostBytes = (long)options.Number("host-mb", 64) << 20,
        };
        var provider = OptionalBackends.RequireTorch();
        Console.WriteLine($"machine  {Machine.Describe()}");
        Describe(provider.Measure(settings, "bf16"));
        await using var backend = provider.Open(model, settings);
        Console.WriteLine($"engine   torch, {backend.Kv.BytesPerBlock / 1024} KiB a block, copies {(backend.Limits.CopiesBesideSteps ? "beside" : "between")} steps");
        foreach (int batch in options.Integers("batch", "8"))
            new SwapBench(backend, batch, options.Number("tokens", 2000)).Run(options.Number("rounds", 5), options.Number("steps", 50));
        return 0;
    }

    private static BackendSettings Settings(Arguments arguments, string dtype) =>
        new() { Accelerator = arguments.Text("device", "cuda"), Threads = arguments.Number("threads", 1), Dtype = dtype };

    private static Inference.Kernels.WeightType TypeOf(string dtype) =>
        dtype == "fp16" ? Inference.Kernels.WeightType.Bf16 : RunCommand.TypeOf(dtype); // random weights are stored in one 16-bit type

    private static DeviceSpeeds Describe(DeviceSpeeds speeds)
    {
        string fromHost = speeds.HostBytesPerSecond > 0 ? FormattableString.Invariant($", from pinned host memory {speeds.HostBytesPerSecond / 1e9:F1} GB/s") : "";
        Console.Error.WriteLine(FormattableString.Invariant(
            $"device   {speeds.Device}: copies {speeds.CopyBytesPerSecond / 1e9:F1} GB/s (read and written), multiplies {speeds.FlopsPerSecond / 1e12:F2} TFLOP/s{fromHost}"));
        return speeds;
    }
}
