using Pharos.Bench.Engine;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;

if (args is ["swap", .. var rest])
{
    await SwapCommand.RunAsync(rest);
    return;
}

if (args is ["grammar"])
{
    GrammarCommand.Run();
    return;
}

// Tokens per second of the CPU engine. One command, a table and the machine:
//   dotnet run -c Release --project bench/engine -- --model models/spark --batch 1,8,32
// Options: --threads N, --weights F32|Bf16, --kv F32|Bf16, --instructions Portable|Avx2|Avx512, --repeats N
var options = Arguments.Parse(args);
string path = options.GetValueOrDefault("model", "models/spark");
int[] batches = [.. options.GetValueOrDefault("batch", "1,8,32").Split(',').Select(int.Parse)];
int repeats = int.Parse(options.GetValueOrDefault("repeats", "5"));

using var model = ModelDirectory.Load(path);
var settings = new CpuBackendOptions
{
    Threads = options.TryGetValue("threads", out string? threads) ? int.Parse(threads) : null,
    WeightType = Arguments.Choice<WeightType>(options, "weights"),
    KvType = Arguments.Choice<KvType>(options, "kv"),
    Instructions = Arguments.Choice<InstructionPath>(options, "instructions"),
    HostBytes = 0,
    DeviceBytes = 1L << 30,
};
await using var backend = CpuBackend.Create(model, settings);
Console.WriteLine($"machine  {Arguments.Processor()}, {Environment.ProcessorCount} cores");
Console.WriteLine($"engine   {backend.Instructions}, {backend.Threads} thread(s), weights {backend.WeightType}, KV {backend.KvType}");
Console.WriteLine($"model    {backend.Model.Name}, {model.Architecture.Parameters / 1e6:F1} M weights multiplied a token");
Console.WriteLine();
Console.WriteLine("what             tokens/s   ms/step");

var bench = new StepBench(backend, repeats);
foreach (int batch in batches)
    bench.Decode(batch, depth: 16);
bench.Decode(8, depth: Math.Min(512, backend.Model.MaxPositions - 40));
bench.Prefill(256);
