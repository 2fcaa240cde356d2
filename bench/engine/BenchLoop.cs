using System.Diagnostics;
using Pharos.Grains.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Chat;
using Pharos.Inference.Loading;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Bench.Engine;

/// <summary>The parts of a device loop in the order in which it uses them, on this thread, with the time that each takes.</summary>
internal sealed class BenchLoop : IDisposable
{
    private const int Prompt = 270;
    private readonly CpuBackend backend;
    private readonly WorkerCore core;
    private readonly Iteration iteration;
    private readonly Dictionary<string, ServedSequence> sequences = [];
    private readonly List<SequenceDelta> deltas = [];
    private double now;

    public BenchLoop(LoadedModel loaded, int sequences, int threads, float temperature, float topP)
    {
        backend = CpuBackend.Create(loaded, new CpuBackendOptions { Threads = threads, DeviceBytes = 1L << 29, HostBytes = 0 });
        core = new WorkerCore(
            new WorkerLimits(backend.Kv.BlockSize, backend.Kv.DeviceBlocks, 0, 512, 256, 256, CachedBlocks: backend.Kv.DeviceBlocks),
            DeviceProfile.GptJ6bA100, RankingPolicies.Find("lamps"), PausePolicies.Find("lamps"));
        iteration = new Iteration(backend, core, slot => this.sequences[slot.Request]);
        var model = new ServedModel(loaded.Shape.Name, loaded, loaded.Tokenizer, new ChatMlFormat(), loaded.Shape.MaxPositions, [], 0);
        for (int i = 0; i < sequences; i++)
            Start(model, i, new GenerationOptions(8000, temperature, topP, 0, 7, []));
        while (core.Waiting > 0 || this.sequences.Values.Any(sequence => sequence.Tokens.Count == Prompt))
            Iterate(messages: false);
    }

    public double ForwardSeconds { get; set; }

    public double OtherSeconds { get; set; }

    public void Run(int iterations, bool messages = true)
    {
        for (int i = 0; i < iterations; i++)
            Iterate(messages);
    }

    public void Dispose() => backend.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private void Iterate(bool messages)
    {
        long start = Stopwatch.GetTimestamp();
        var plan = core.Plan(now += 0.01);
        iteration.Copy(plan);
        var forward = iteration.ForwardAsync(plan, CancellationToken.None);
        long posted = Stopwatch.GetTimestamp();
        while (!forward.IsCompleted)
            Thread.Yield();
        forward.GetAwaiter().GetResult();
        long computed = Stopwatch.GetTimestamp();
        int row = 0;
        foreach (var planned in plan.Batch)
        {
            if (!planned.Samples)
                continue;
            var sequence = sequences[planned.Sequence.Request];
            int token = iteration.Sample(row++, sequence);
            if (!messages)
            {
                sequence.Tokens.Add(token);
                continue;
            }
            string text = sequence.Append(token % 300).Text; // the tokenizer at hand has fewer tokens than the model
            deltas.Add(new SequenceDelta(planned.Sequence.Request, 1, sequence.Tokens.Count - 1, [token], text, null));
        }
        iteration.Commit();
        if (messages)
            GC.KeepAlive(new DeltaBatch("worker", [.. deltas]));
        deltas.Clear();
        ForwardSeconds += Stopwatch.GetElapsedTime(posted, computed).TotalSeconds;
        OtherSeconds += Stopwatch.GetElapsedTime(start, posted).TotalSeconds + Stopwatch.GetElapsedTime(computed).TotalSeconds;
    }

    private void Start(ServedModel model, int number, GenerationOptions options)
    {
        int[] prompt = [.. Enumerable.Range(0, Prompt).Select(i => (i * 7 + number * 13) % 300)];
        var keys = new BlockKeys("tenant", backend.Model.Fingerprint, backend.Kv.BlockSize);
        keys.Extend(prompt);
        var forecast = new SegmentForecast(Estimate.Exactly(300), 0, null, Estimate.Exactly(0), 0, Estimate.Exactly(300));
        string name = $"r{number}";
        var slot = core.Admit(new SequenceStart(name, 1, 0, 0, Prompt, Prompt, forecast, keys), 0);
        var work = new SequenceWork(name, 1, "gateway", [.. prompt], Prompt, 0, options, ToolUse.None, [], 0, forecast, 0, "tenant");
        sequences.Add(name, new ServedSequence(model, slot, work, keys));
    }
}
