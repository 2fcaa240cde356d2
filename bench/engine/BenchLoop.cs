using System.Diagnostics;
using System.Threading.Channels;
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

/// <summary>What an iteration of a device loop spends its time on.</summary>
internal enum LoopPart
{
    /// <summary>What runs, and where its blocks are.</summary>
    Plan,

    /// <summary>The flat arrays of the step.</summary>
    Layout,
    Forward,

    /// <summary>Tokens of the logits.</summary>
    Choose,

    /// <summary>Text of the tokens, stop strings, the records of a message.</summary>
    Text,

    /// <summary>What the core learns.</summary>
    Commit,
    Send,
}

/// <summary>The parts of a device loop in the order in which it uses them, on this thread, with the time that each takes.</summary>
internal sealed class BenchLoop : IDisposable
{
    private const int Prompt = 270;
    private readonly CpuBackend backend;
    private readonly WorkerCore core;
    private readonly Iteration iteration;
    private readonly Dictionary<string, ServedSequence> sequences = [];
    private readonly List<SequenceDelta> deltas = [];
    private readonly List<(ServedSequence Sequence, int Token)> chosen = [];
    private readonly Channel<DeltaBatch> outbox = Channel.CreateUnbounded<DeltaBatch>();
    private double now;
    private long last;

    public BenchLoop(LoadedModel loaded, int sequences, int threads, float temperature, float topP)
    {
        backend = CpuBackend.Create(loaded, new CpuBackendOptions { Threads = threads, DeviceBytes = 1L << 29, HostBytes = 0 });
        core = new WorkerCore(
            new WorkerLimits(backend.Kv.BlockSize, backend.Kv.DeviceBlocks, 0, 512, 256, 256, CachedBlocks: backend.Kv.DeviceBlocks),
            DeviceProfile.GptJ6bA100, RankingPolicies.Find("lamps"), PausePolicies.Find("lamps"));
        iteration = new Iteration(backend, core, slot => this.sequences[slot.Request]);
        var model = new ServedModel(loaded.Shape.Name, loaded, loaded.Tokenizer, ChatFormats.For(null, ChatTokens.None, new ChatFormatChoice("chatml")), loaded.Shape.MaxPositions, [], 0);
        for (int i = 0; i < sequences; i++)
            Start(model, i, new GenerationOptions(8000, temperature, topP, 0, 7, []));
        while (core.Waiting > 0 || this.sequences.Values.Any(sequence => sequence.Tokens.Count == Prompt))
            Iterate(messages: false);
    }

    /// <summary>Seconds so far of each <see cref="LoopPart"/>.</summary>
    public double[] Seconds { get; } = new double[Enum.GetValues<LoopPart>().Length];

    public void Run(int iterations, bool messages = true)
    {
        for (int i = 0; i < iterations; i++)
            Iterate(messages);
    }

    public void Dispose()
    {
        iteration.Dispose();
        backend.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private void Iterate(bool messages)
    {
        last = Stopwatch.GetTimestamp();
        var plan = core.Plan(now += 0.01);
        iteration.Copy(plan);
        Took(LoopPart.Plan);
        var forward = iteration.ForwardAsync(plan, CancellationToken.None);
        Took(LoopPart.Layout);
        while (!forward.IsCompleted)
            Thread.Yield();
        forward.GetAwaiter().GetResult();
        Took(LoopPart.Forward);
        iteration.ChooseAhead(plan);
        chosen.Clear();
        foreach (var planned in plan.Batch)
        {
            if (planned.Samples)
                chosen.Add((sequences[planned.Sequence.Request], iteration.Sample(chosen.Count, sequences[planned.Sequence.Request])));
        }
        Took(LoopPart.Choose);
        foreach (var (sequence, token) in chosen)
        {
            if (!messages)
            {
                sequence.Tokens.Add(token);
                continue;
            }
            string text = sequence.Append(token % 300).Text; // the tokenizer at hand has fewer tokens than the model
            deltas.Add(new SequenceDelta(sequence.Slot.Request, 1, sequence.Tokens.Count - 1, [token], text, null));
        }
        Took(LoopPart.Text);
        iteration.Commit();
        Took(LoopPart.Commit);
        if (messages)
            outbox.Writer.TryWrite(new DeltaBatch("worker", [.. deltas]));
        deltas.Clear();
        Took(LoopPart.Send);
        while (outbox.Reader.TryRead(out _))
        {
        }
    }

    private void Took(LoopPart part)
    {
        long present = Stopwatch.GetTimestamp();
        Seconds[(int)part] += Stopwatch.GetElapsedTime(last, present).TotalSeconds;
        last = present;
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
