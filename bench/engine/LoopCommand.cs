using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>loop</c>: what an iteration costs beside the forward pass: planning, laying out, choosing tokens, committing, making text and messages of them.
///   dotnet run -c Release --project bench/engine -- loop --shape 768x12 --batch 32 --threads 1
///   dotnet run -c Release --project bench/engine -- loop --allocations
/// The second counts what an iteration allocates, up to the tokens; the messages themselves are new objects each time.
/// </summary>
internal static class LoopCommand
{
    public static int Run(Arguments options)
    {
        if (options.Has("allocations"))
        {
            var job = Job.Default.WithToolchain(InProcessNoEmitToolchain.Instance).WithInvocationCount(16).WithUnrollFactor(1).WithWarmupCount(2).WithIterationCount(5);
            BenchmarkRunner.Run<LoopAllocations>(DefaultConfig.Instance.AddJob(job));
            return 0;
        }

        int batch = int.Parse(options.Text("batch", "32")), iterations = int.Parse(options.Text("iterations", "60")), threads = int.Parse(options.Text("threads", "1"));
        using var model = ModelDirectory.Load(new SeededFiles(options, SeededModel.Parse(options.Text("shape", "768x12")), WeightType.Bf16).Directory);
        Console.WriteLine($"machine  {Machine.Describe()}");
        foreach (var (name, temperature, topP) in new[] { ("greedy", 0f, 1f), ("temperature 0.8", 0.8f, 1f), ("temperature 0.8, top-p 0.95", 0.8f, 0.95f) })
        {
            using var loop = new BenchLoop(model, batch, threads, temperature, topP);
            loop.Run(10);
            loop.ForwardSeconds = loop.OtherSeconds = 0;
            loop.Run(iterations);
            Console.WriteLine(FormattableString.Invariant(
                $"{name,-28} batch {batch}: forward {loop.ForwardSeconds / iterations * 1e3:F2} ms, all else {loop.OtherSeconds / iterations * 1e6:F0} us: {100 * loop.OtherSeconds / (loop.ForwardSeconds + loop.OtherSeconds):F2} % of an iteration"));
        }

        return 0;
    }
}

/// <summary>Allocations of one iteration of twelve sequences on the embedded model.</summary>
[MemoryDiagnoser]
public class LoopAllocations
{
    private LoadedModel model = null!;
    private BenchLoop loop = null!;

    [GlobalSetup]
    public void Setup()
    {
        model = ModelDirectory.Load(Path.Combine("models", "spark"));
        loop = new BenchLoop(model, sequences: 12, threads: 1, temperature: 0.8f, topP: 0.95f);
        loop.Run(5);
    }

    [Benchmark]
    public void Iteration() => loop.Run(1, messages: false);

    [GlobalCleanup]
    public void Cleanup()
    {
        loop.Dispose();
        model.Dispose();
    }
}
