using Pharos.Inference.Backend;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>Growth of the process from an idle worker to one whose cache is full, against the configured budget.</summary>
internal static class MemoryCommand
{
    public static int Run(Arguments arguments)
    {
        arguments.Expect("bytes", "shape", "dtype", "work");
        long budget = long.Parse(arguments.Text("bytes", (1L << 30).ToString()));
        var shape = SeededModel.Parse(arguments.Text("shape", "768x12"));
        var type = RunCommand.TypeOf(arguments.Text("dtype", "bf16"));
        var files = new SeededFiles(arguments, shape, type);
        using var source = ModelDirectory.Load(files.Directory);

        // A first worker keeps the weights in memory and is what idle means.
        using var first = Worker(source, type, 16 << 20);
        first.Prefill(512);
        long idle = Settled();
        using var second = Worker(source, type, budget);
        var kv = second.Backend.Kv;
        second.FillCache();
        long full = Settled();
        double growth = full - idle;
        Console.WriteLine(FormattableString.Invariant(
            $"budget {budget >> 20} MiB, {kv.DeviceBlocks} blocks of {kv.BytesPerBlock} bytes = {kv.DeviceBlocks * kv.BytesPerBlock >> 20} MiB; idle {idle >> 20} MiB, full {full >> 20} MiB, growth {growth / (1 << 20):F0} MiB = {growth / budget:P1} of the budget"));
        return growth <= budget * 1.1 ? 0 : 1;
    }

    private static PharosEngine Worker(LoadedModel source, Inference.Kernels.WeightType type, long deviceBytes) => new(CpuBackend.Create(source, new CpuBackendOptions
    {
        Threads = 1,
        WeightType = type,
        KvType = Inference.KvCache.KvType.Bf16,
        DeviceBytes = deviceBytes,
        HostBytes = 0,
    }));

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Machine.ResidentBytes();
    }
}
