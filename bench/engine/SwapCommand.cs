using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>swap</c>: what swapping a cache costs those that decode beside it, and what the process grows by over an empty cache.
///   dotnet run -c Release --project bench/engine -- swap --shape 768x12 --threads 1 --batch 8 --tokens 2000
/// Options: --backend torch, --device cuda|cpu, --rounds N, --steps N (a round), --share F (of the mover's time), --device-mb N, --host-mb N
/// </summary>
internal static class SwapCommand
{
    public static async Task<int> RunAsync(Arguments options)
    {
        options.Expect("backend", "device", "shape", "threads", "batch", "tokens", "rounds", "steps", "share", "device-mb", "host-mb", "work");
        var files = new SeededFiles(options, SeededModel.Parse(options.Text("shape", "768x12")), WeightType.Bf16);
        using var model = ModelDirectory.Load(files.Directory);
        if (options.Torch)
            return await TorchRun.SwapAsync(options, model);
        var settings = new CpuBackendOptions
        {
            Threads = options.Number("threads", 1), KvType = KvType.Bf16, CopyShare = options.Fraction("share", 0.1),
            DeviceBytes = (long)options.Number("device-mb", 256) << 20, HostBytes = (long)options.Number("host-mb", 64) << 20,
        };
        long idle;
        await using (var empty = CpuBackend.Create(model, settings with { DeviceBytes = 1 << 20, HostBytes = 0 }))
            idle = Environment.WorkingSet;
        await using var backend = CpuBackend.Create(model, settings);
        long budget = settings.DeviceBytes + settings.HostBytes, grown = Environment.WorkingSet - idle;
        Console.WriteLine($"machine  {Machine.Describe()}");
        Console.WriteLine($"engine   {backend.Instructions}, {backend.Threads} thread(s), weights {backend.WeightType}, KV {backend.KvType}, {backend.Kv.BytesPerBlock / 1024} KiB a block");
        Console.WriteLine(FormattableString.Invariant(
            $"memory   {budget / 1e6:F0} MB of budgets hold {backend.Kv.DeviceBlocks} + {backend.Kv.HostBlocks} blocks, {(backend.Kv.DeviceBlocks + backend.Kv.HostBlocks) * backend.Kv.BytesPerBlock / 1e6:F0} MB; the process grew by {grown / 1e6:F0} MB ({100.0 * grown / budget:F1} %)"));
        foreach (int batch in options.Integers("batch", "8"))
            new SwapBench(backend, batch, options.Number("tokens", 2000)).Run(options.Number("rounds", 5), options.Number("steps", 50));
        return 0;
    }
}
