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
        options.Expect("shape", "batch", "iterations", "threads", "allocations", "work");
        if (options.Has("allocations"))
        {
            var job = Job.Default.WithToolchain(InProcessNoEmitToolchain.Instance).WithInvocationCount(16).WithUnrollFactor(1).WithWarmupCount(2).WithIterationCount(5);
            BenchmarkRunner.Run<LoopAllocations>(DefaultConfig.Instance.AddJob(job));
            return 0;
        }

        int batch = options.Number("batch", 32), iterations = options.Number("iterations", 60), threads = options.Number("threads", 1);
        using var model = ModelDirectory.Load(new SeededFiles(options, SeededModel.Parse(options.Text("shape", "768x12")), WeightType.Bf16).Directory);
        Console.WriteLine($"machine  {Machine.Describe()}");
        foreach (var (name, temperature, topP) in new[] { ("greedy", 0f, 1f), ("temperature 0.8", 0.8f, 1f), ("temperature 0.8, top-p 0.95", 0.8f, 0.95f) })
        {
            using var loop = new BenchLoop(model, batch, threads, temperature, topP);
            loop.Run(10);
            Array.Clear(loop.Seconds);
            loop.Run(iterations);
            double all = loop.Seconds.Sum(), forward = loop.Seconds[(int)LoopPart.Forward];
            Console.WriteLine(FormattableString.Invariant(
                $"{name,-28} batch {batch}: forward {forward / iterations * 1e3:F2} ms, all else {(all - forward) / iterations * 1e6:F0} us: {100 * (all - forward) / all:F2} % of an iteration"));
            Console.WriteLine("  " + string.Join(", ", Enum.GetValues<LoopPart>().Where(part => part != LoopPart.Forward).Select(part =>
                FormattableString.Invariant($"{part.ToString().ToLowerInvariant()} {loop.Seconds[(int)part] / iterations * 1e6:F0} us"))));
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
