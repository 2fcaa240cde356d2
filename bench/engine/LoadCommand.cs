using System.Diagnostics;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>load</c>: how long it takes from a model's files, which the system still has in memory, to an engine that is ready to serve.
///   dotnet run -c Release --project bench/engine -- load --shape 2048x22 --threads 2
/// </summary>
internal static class LoadCommand
{
    public static int Run(Arguments arguments)
    {
        arguments.Expect("shape", "model", "dtype", "threads", "repeats", "work");
        string dtype = arguments.Text("dtype", "bf16");
        var type = RunCommand.TypeOf(dtype);
        string directory = arguments.Text("model") ?? new SeededFiles(arguments, SeededModel.Parse(arguments.Text("shape", "768x12")), type).Directory;
        var options = new CpuBackendOptions { Threads = arguments.Number("threads", 1), WeightType = type, KvType = KvType.Bf16, HostBytes = 0 };
        Console.WriteLine($"{Machine.Describe()}, {KernelSet.Best.Path}\n{"dtype",-5} {"files, s",9} {"weights, s",10} {"ready after, s",14} {"GB/s",6} {"processors, s",13} {"in kernel, s",12}");
        for (int repeat = 0; repeat < Math.Max(1, arguments.Number("repeats", 3)); repeat++)
        {
            var before = Environment.CpuUsage;
            long start = Stopwatch.GetTimestamp();
            using var model = ModelDirectory.Load(directory);
            double opened = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var backend = CpuBackend.Create(model, options);
            using var engine = new PharosEngine(backend);
            double ready = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var after = Environment.CpuUsage; // on a machine with other users, what was used says more than what passed
            Console.WriteLine(FormattableString.Invariant(
                $"{dtype,-5} {opened,9:F2} {ready - opened,10:F2} {ready,14:F2} {backend.WeightBytes / ready / 1e9,6:F2} {(after.TotalTime - before.TotalTime).TotalSeconds,13:F2} {(after.PrivilegedTime - before.PrivilegedTime).TotalSeconds,12:F2}"));
        }
        return 0;
    }
}
