using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>swap</c>: what swapping a cache costs those that decode beside it, and what the process grows by over an empty cache.
///   dotnet run -c Release --project bench/engine -- swap --shape 768x12 --threads 1 --batch 8 --tokens 2000
/// Options: --rounds N, --steps N (a round), --share F (of the mover's time), --device-mb N, --host-mb N
/// </summary>
internal static class SwapCommand
{
    public static async Task RunAsync(string[] args)
    {
        var options = Arguments.Parse(args);
        int[] shape = [.. options.GetValueOrDefault("shape", "768x12").Split('x').Select(int.Parse)];
        using var model = new RandomModel(shape[0], shape[1], Path.Combine("models", "spark", "tokenizer.json"));
        var settings = new CpuBackendOptions
        {
            Threads = Number("threads", 1), KvType = KvType.Bf16, CopyShare = double.Parse(options.GetValueOrDefault("share", "0.1")),
            DeviceBytes = (long)Number("device-mb", 256) << 20, HostBytes = (long)Number("host-mb", 64) << 20,
        };
        long idle;
        await using (var empty = CpuBackend.Create(model.Loaded, settings with { DeviceBytes = 1 << 20, HostBytes = 0 }))
            idle = Environment.WorkingSet;
        await using var backend = CpuBackend.Create(model.Loaded, settings);
        long budget = settings.DeviceBytes + settings.HostBytes, grown = Environment.WorkingSet - idle;
        Console.WriteLine($"machine  {Arguments.Processor()}, {Environment.ProcessorCount} cores");
        Console.WriteLine($"engine   {backend.Instructions}, {backend.Threads} thread(s), weights {backend.WeightType}, KV {backend.KvType}, {backend.Kv.BytesPerBlock / 1024} KiB a block");
        Console.WriteLine(FormattableString.Invariant(
            $"memory   {budget / 1e6:F0} MB of budgets hold {backend.Kv.DeviceBlocks} + {backend.Kv.HostBlocks} blocks, {(backend.Kv.DeviceBlocks + backend.Kv.HostBlocks) * backend.Kv.BytesPerBlock / 1e6:F0} MB; the process grew by {grown / 1e6:F0} MB ({100.0 * grown / budget:F1} %)"));
        foreach (int batch in options.GetValueOrDefault("batch", "8").Split(',').Select(int.Parse))
            new SwapBench(backend, batch, Number("tokens", 2000)).Run(Number("rounds", 5), Number("steps", 50));

        int Number(string name, int otherwise) => options.TryGetValue(name, out string? value) ? int.Parse(value) : otherwise;
    }
}
