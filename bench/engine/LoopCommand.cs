using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>loop</c>: what an iteration costs beside the forward pass: planning, laying out, choosing tokens, committing, making text and messages of them.
///   dotnet run -c Release --project bench/engine -- loop --shape 768x12 --batch 32 --threads 1
///   dotnet run -c Release --project bench/engine -- loop --allocations yes
/// The second counts what an iteration allocates, up to the tokens; the messages themselves are new objects each time.
/// </summary>
internal static class LoopCommand
{
    public static void Run(string[] args)
    {
        var options = Arguments.Parse(args);
        if (options.ContainsKey("allocations"))
        {
            var job = Job.Default.WithToolchain(InProcessNoEmitToolchain.Instance).WithInvocationCount(16).WithUnrollFactor(1).WithWarmupCount(2).WithIterationCount(5);
            BenchmarkRunner.Run<LoopAllocations>(DefaultConfig.Instance.AddJob(job));
            return;
        }

        int[] shape = [.. options.GetValueOrDefault("shape", "768x12").Split('x').Select(int.Parse)];
        int batch = int.Parse(options.GetValueOrDefault("batch", "32")), iterations = int.Parse(options.GetValueOrDefault("iterations", "60"));
        using var model = new RandomModel(shape[0], shape[1], Path.Combine("models", "spark", "tokenizer.json"));
        Console.WriteLine($"machine  {Arguments.Processor()}, {Environment.ProcessorCount} cores");
        foreach (var (name, temperature, topP) in new[] { ("greedy", 0f, 1f), ("temperature 0.8", 0.8f, 1f), ("temperature 0.8, top-p 0.95", 0.8f, 0.95f) })
        {
            using var loop = new BenchLoop(model.Loaded, batch, int.Parse(options.GetValueOrDefault("threads", "1")), temperature, topP);
            loop.Run(10);
            loop.ForwardSeconds = loop.OtherSeconds = 0;
            loop.Run(iterations);
            Console.WriteLine(FormattableString.Invariant(
                $"{name,-28} batch {batch}: forward {loop.ForwardSeconds / iterations * 1e3:F2} ms, all else {loop.OtherSeconds / iterations * 1e6:F0} us: {100 * loop.OtherSeconds / (loop.ForwardSeconds + loop.OtherSeconds):F2} % of an iteration"));
        }
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
