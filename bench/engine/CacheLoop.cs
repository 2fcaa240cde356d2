using Pharos.Grains.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Bench.Engine;

/// <summary>
/// A device with a small budget for caches under an open-loop load. Its clock is the processor time that it takes, so that what else runs on the machine counts for less, and jumps to the next arrival where
/// there is nothing to do. Answers have the length that the load says, whatever the model would have said.
/// </summary>
internal sealed class CacheLoop : IAsyncDisposable
{
    private const int BlockSize = 16, RebuildTokens = 512;
    private const double RebuildShare = 0.2; // of the arithmetic of a token, as a live worker believes before it has measured
    private readonly ServedModel model;
    private readonly CpuBackend backend;
    private readonly WorkerCore core;
    private readonly Iteration iteration;
    private readonly FadingHistogram lengths = FadingHistogram.OfTokens();
    private readonly Dictionary<string, (ServedSequence Sequence, CacheRequest Request)> served = [];
    private readonly ServiceObjective objective;
    private readonly FadingHistogram toolSeconds = FadingHistogram.OfSeconds();
    private readonly PriorityQueue<SequenceSlot, double> returns = new(); // those whose tools run, by when they are back
    private double now;

    /// <param name="budget">Bytes for caches and the scratch of compact ones, in tokens of keys and values.</param>
    public CacheLoop(ServedModel model, int budget, int threads, CacheWay way, ServiceObjective objective, int maxTokens = 256)
    {
        this.model = model;
        this.objective = objective;
        var shape = model.Loaded.Shape;
        long bytes = 2L * shape.Layers * shape.KvHeads * shape.HeadDim * sizeof(float);
        backend = CpuBackend.Create(model.Loaded, new CpuBackendOptions
        {
            Threads = threads, DeviceBytes = budget * bytes, HostBytes = 4 * budget * bytes, BlockSize = BlockSize, MaxTokensPerStep = maxTokens, KvType = Inference.KvCache.KvType.F32,
            CompactForms = way.Compact is { } form ? [form] : [], RebuildTokens = RebuildTokens,
        });
        core = new WorkerCore(
            new WorkerLimits(BlockSize, backend.Kv.DeviceBlocks, backend.Kv.HostBlocks, maxTokens, backend.Limits.MaxSequences, maxTokens, LoadsAhead: backend.Limits.CopiesBesideSteps,
                CachedBlocks: way.KeepsPrefixes ? backend.Kv.DeviceBlocks : 0),
            DeviceProfile.GptJ6bA100, RankingPolicies.Find(way.Rank), PausePolicies.Find(way.Pause))
        {
            Composition = way.Batch is null ? null : way.Batch with { Compact = way.Compact, MaxCompactContext = RebuildTokens, Objective = objective, RebuildSeconds = RebuildShare * DeviceProfile.GptJ6bA100.SecondsPerToken },
        };
        iteration = new Iteration(backend, core, slot => served[slot.Request].Sequence);
    }

    /// <summary>Compact caches are charged with nothing, so that whoever may have one has it.</summary>
    public bool RebuildIsFree { get; init; }

    public async Task RunAsync(IReadOnlyList<CacheRequest> load)
    {
        int arrived = 0;
        while (arrived < load.Count || served.Count > 0)
        {
            if (served.Count == returns.Count) // nothing is to be computed
                now = Math.Max(now, Math.Min(arrived < load.Count ? load[arrived].ArrivesAt : double.MaxValue, returns.TryPeek(out _, out double at) ? at : double.MaxValue));
            while (returns.TryPeek(out _, out double next) && next <= now)
                Return(returns.Dequeue());
            for (; arrived < load.Count && load[arrived].ArrivesAt <= now; arrived++)
                Admit($"r{arrived}", load[arrived]);
            await StepAsync();
        }
    }

    /// <returns>How many run at once when no more fit.</returns>
    public async Task<int> FillAsync(IReadOnlyList<CacheRequest> load)
    {
        if (RebuildIsFree && core.Composition is { } settings)
            core.Composition = settings with { RebuildSeconds = 0 };
        for (int i = 0; i < load.Count; i++)
            Admit($"r{i}", load[i]);
        int most = 0;
        for (int i = 0; i < 200 && core.Waiting > 0; i++)
        {
            await StepAsync();
            if (RebuildIsFree && core.Composition is { } free)
                core.Composition = free; // what was measured is forgotten
            most = Math.Max(most, core.Sequences.Count(slot => slot.Computed >= ContextOf(slot) && slot.DeviceTokens == slot.Computed));
        }
        return most;

        static int ContextOf(SequenceSlot slot) => slot.SegmentStart;
    }

    public async ValueTask DisposeAsync()
    {
        iteration.Dispose();
        await backend.DisposeAsync();
    }

    private async Task StepAsync()
    {
        var started = Environment.CpuUsage.TotalTime;
        var plan = core.Plan(now);
        iteration.Copy(plan);
        if (plan.Batch.Count == 0)
        {
            now += 1e-3; // copies alone
            return;
        }
        await iteration.ForwardAsync(plan, CancellationToken.None);
        iteration.ChooseAhead(plan);
        var ended = new List<SequenceSlot>();
        int row = 0;
        foreach (var planned in plan.Batch.Where(planned => planned.Samples))
        {
            var (sequence, request) = served[planned.Sequence.Request];
            sequence.Tokens.Add(iteration.Sample(row++, sequence));
            core.Accept(planned.Sequence, 0);
            if (request.Tokens + 1 == request.Current.CompletionTokens)
                ended.Add(planned.Sequence);
        }
        iteration.Commit();
        double seconds = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
        now += seconds;
        foreach (var planned in plan.Batch.Where(planned => planned.Samples))
            served[planned.Sequence.Request].Request.Take(now, objective);
        foreach (var slot in ended)
        {
            var request = served[slot.Request].Request;
            lengths.Add(request.Current.CompletionTokens);
            if (request.IsOver)
            {
                served.Remove(slot.Request);
                core.Remove(slot, now, isDone: true);
            }
            else
            {
                var tool = toolSeconds.Estimate(Estimate.Exactly(1));
                core.Park(slot, "call", new ToolForecast("tool", toolSeconds.Count, tool, tool.Mean, tool.Mean, tool.Mean, 30, toolSeconds.Curve()), now);
                returns.Enqueue(slot, now + request.Current.ToolSeconds);
            }
        }
    }

    private void Admit(string name, CacheRequest request)
    {
        int[] prompt = [.. Enumerable.Range(0, request.Session.PromptTokens).Select(i => Token(name, i))];
        var keys = core.SharesPrefixes ? new BlockKeys("tenant", backend.Model.Fingerprint, BlockSize) : null;
        keys?.Extend(prompt);
        var forecast = Forecast(request);
        var slot = core.Admit(new SequenceStart(name, 1, request.ArrivesAt, 0, prompt.Length, prompt.Length, forecast, keys), request.ArrivesAt);
        var work = new SequenceWork(name, 1, "gateway", [.. prompt], prompt.Length, 0, new GenerationOptions(1000, 0, 1, 0, 7, []), ToolUse.None, [], 0, forecast, 0, "tenant");
        served.Add(name, (new ServedSequence(model, slot, work, keys), request));
    }

    private void Return(SequenceSlot slot)
    {
        var (sequence, request) = served[slot.Request];
        toolSeconds.Add(request.Current.ToolSeconds);
        int[] result = [.. Enumerable.Range(0, request.Current.ReturnedTokens).Select(i => Token(slot.Request, sequence.Tokens.Count + i))];
        double seconds = request.Current.ToolSeconds;
        request.GoOn();
        var forecast = Forecast(request);
        core.Resume(slot, slot.Epoch + 1, result.Length, seconds, forecast, now);
        sequence.Resume(new ResumeWork(slot.Request, slot.Epoch - 1, slot.Epoch, "gateway", [.. result], 0, sequence.Options, forecast, seconds), null);
    }

    // No request's text begins as another's.
    private static int Token(string name, int position) => (position * 7 + int.Parse(name.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) * 13) % 250;

    // What a worker learns of such requests: one length for all segments, and as many calls as come on the average.
    private SegmentForecast Forecast(CacheRequest request)
    {
        var length = lengths.Estimate(Estimate.Exactly(60));
        var tool = toolSeconds.Estimate(Estimate.Exactly(1));
        return request.Session.Segments.Length == 1 && toolSeconds.Count == 0
            ? new SegmentForecast(length, 0, null, tool, 0, Estimate.Exactly(0), Length: lengths.Curve())
            : new SegmentForecast(length, 0.6, "tool", tool, 30, new Estimate(1.5 * length.Mean, 3 * length.MeanSquare), new Outlook(1.5, 0.5 * tool.Mean, 15, 2 * length.MeanSquare), lengths.Curve());
    }
}

/// <summary>Who runs, and what becomes of caches.</summary>
internal sealed record CacheWay(string Name, string Rank, string Pause, BatchComposition? Batch = null, CacheForm? Compact = null, bool KeepsPrefixes = false)
{
    /// <summary>In order of arrival, keys and values alone, computed again where memory ran out.</summary>
    public static CacheWay FirstCome { get; } = new("fcfs, kv", "fcfs", "discard");

    /// <summary>The same, and what a request leaves when it calls a tool is kept as a prefix until others need the memory, the oldest first.</summary>
    public static CacheWay FirstComePrefixes { get; } = FirstCome with { Name = "fcfs, lru prefix cache", KeepsPrefixes = true };

    public static CacheWay Ours(CacheForm? compact) =>
        new($"density, {(compact ?? CacheForm.Kv).ToString().ToLowerInvariant()}", "pharos", "pharos", BatchComposition.Density, compact);
}
