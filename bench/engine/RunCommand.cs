using System.Diagnostics;
using System.Text.Json;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>Measures a seeded shape, or a model directory, over batches, depths, weight types and threads.</summary>
internal static class RunCommand
{
    public static int Run(Arguments arguments)
    {
        arguments.Expect("backend", "device", "chunk", "shape", "model", "dtype", "threads", "batch", "depth", "prefill", "kv", "instructions", "peer", "repeats", "json", "output", "work");
        int[] batches = arguments.Integers("batch", "1,8,32"), depths = arguments.Integers("depth", "0"), prefills = arguments.Integers("prefill", "256");
        bool json = arguments.Has("json");
        if (arguments.Text("peer") is { } folder)
            LlamaLibrary.Load(folder);
        var samples = new List<Sample>();
        foreach (string dtype in arguments.Text("dtype", "bf16").Split(','))
        {
            foreach (int threads in arguments.Integers("threads", "1"))
            {
                foreach (var sample in arguments.Torch ? TorchRun.Measure(arguments, dtype, batches, depths, prefills) : Measure(arguments, dtype, threads, batches, depths, prefills))
                {
                    samples.Add(sample);
                    if (!json)
                        Report.Row(sample, first: samples.Count == 1);
                }
            }
        }
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(samples, SampleJson.Default.ListSample));
        if (arguments.Text("output") is { } path)
            Report.Write(path, arguments, samples);
        return 0;
    }

    private static IEnumerable<Sample> Measure(Arguments arguments, string dtype, int threads, int[] batches, int[] depths, int[] prefills)
    {
        var type = TypeOf(dtype);
        var shape = SeededModel.Parse(arguments.Text("shape", "768x12"));
        var files = new SeededFiles(arguments, shape, type);
        long start = Stopwatch.GetTimestamp();
        using var source = ModelDirectory.Load(arguments.Text("model") ?? files.Directory);
        int sequences = batches.Append(1).Max(), longest = prefills.Append(256).Max(), positions = Math.Max(depths.Append(0).Max() + 64, longest);
        var kv = arguments.Choice<KvType>("kv") ?? KvType.Bf16;
        long kvBytes = (long)source.Shape.CanonicalBytesPerToken * (kv == KvType.F32 ? 2 : 1);
        var backend = CpuBackend.Create(source, new CpuBackendOptions
        {
            Threads = threads,
            WeightType = type,
            KvType = kv,
            Instructions = arguments.Choice<InstructionPath>("instructions"),
            DeviceBytes = (long)sequences * (positions + 16) * kvBytes + (64 << 20),
            HostBytes = 0,
            MaxTokensPerStep = arguments.Number("chunk", 512),
        });
        using var ours = new PharosEngine(backend);
        Console.Error.WriteLine($"{source.Shape.Name} {dtype}, {threads} thread(s), {backend.Instructions}: ready to serve after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        bool compare = arguments.Has("peer") && !arguments.Has("model");
        using var peer = compare ? new LlamaEngine(files.Gguf(), shape.Vocabulary, threads, sequences, positions, longest) : null;
        if (peer is not null)
            Console.Error.WriteLine($"difference of logits from the peer's, root mean square over theirs: {Difference(ours, peer, shape):E1}");
        using var probe = new LimitProbe(threads);
        var comparison = new Comparison(source, dtype, backend.StepBytes, kvBytes, threads, ours, peer, probe.Probe)
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

    public static WeightType TypeOf(string dtype) => dtype switch
    {
        "fp32" => WeightType.F32,
        "bf16" => WeightType.Bf16,
        "int8" => WeightType.Int8,
        _ => throw new ArgumentException($"--dtype {dtype}: fp32, bf16 or int8 is expected."),
    };

    private static double Difference(IEngine ours, IEngine peer, SeededModel shape)
    {
        int[] prompt = [.. Enumerable.Range(0, 40).Select(i => (i * 7919 + 13) % shape.Vocabulary)];
        float[] a = ours.Logits(prompt), b = peer.Logits(prompt);
        return Math.Sqrt(a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum() / b.Sum(y => (double)y * y));
    }
}
