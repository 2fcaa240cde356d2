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
    private double now;

    /// <param name="budget">Bytes for caches and the scratch of compact ones, in tokens of keys and values.</param>
    /// <param name="composed">Batches are composed for this objective; null: first come, first served, and recomputed where memory runs out (vLLM).</param>
    public CacheLoop(ServedModel model, int budget, int threads, CacheForm? compact, ServiceObjective? composed, int maxTokens = 256)
    {
        this.model = model;
        objective = composed ?? ServiceObjective.Chat;
        var shape = model.Loaded.Shape;
        long bytes = 2L * shape.Layers * shape.KvHeads * shape.HeadDim * sizeof(float);
        backend = CpuBackend.Create(model.Loaded, new CpuBackendOptions
        {
            Threads = threads, DeviceBytes = budget * bytes, HostBytes = 4 * budget * bytes, BlockSize = BlockSize, MaxTokensPerStep = maxTokens, KvType = Inference.KvCache.KvType.F32,
            CompactForms = compact is { } form ? [form] : [], RebuildTokens = RebuildTokens,
        });
        core = new WorkerCore(
            new WorkerLimits(BlockSize, backend.Kv.DeviceBlocks, backend.Kv.HostBlocks, maxTokens, backend.Limits.MaxSequences, maxTokens, LoadsAhead: backend.Limits.CopiesBesideSteps),
            DeviceProfile.GptJ6bA100, RankingPolicies.Find(composed is null ? "fcfs" : "pharos"), composed is null ? new FixedPause(PauseAction.Discard) : new LazyPause())
        {
            Composition = composed is null ? null : BatchComposition.Density with { Compact = compact, MaxCompactContext = RebuildTokens, Objective = composed, RebuildSeconds = RebuildShare * DeviceProfile.GptJ6bA100.SecondsPerToken },
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
            if (served.Count == 0)
                now = Math.Max(now, load[arrived].ArrivesAt);
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
            if (request.Tokens + 1 == request.Answer)
                ended.Add(planned.Sequence);
        }
        iteration.Commit();
        double seconds = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
        now += seconds;
        foreach (var planned in plan.Batch.Where(planned => planned.Samples))
            served[planned.Sequence.Request].Request.Take(now, objective);
        foreach (var slot in ended)
        {
            lengths.Add(served[slot.Request].Request.Answer);
            served.Remove(slot.Request);
            core.Remove(slot, now, isDone: true);
        }
    }

    private void Admit(string name, CacheRequest request)
    {
        int[] prompt = [.. Enumerable.Range(0, request.Prompt).Select(i => (i * 7 + served.Count * 13) % 250)];
        var length = lengths.Curve();
        var expected = lengths.Estimate(Estimate.Exactly(100));
        var forecast = new SegmentForecast(expected, 0, null, Estimate.Exactly(0), 0, Estimate.Exactly(0), Length: length);
        var slot = core.Admit(new SequenceStart(name, 1, request.ArrivesAt, 0, prompt.Length, prompt.Length, forecast), request.ArrivesAt);
        var work = new SequenceWork(name, 1, "gateway", [.. prompt], prompt.Length, 0, new GenerationOptions(1000, 0, 1, 0, 7, []), ToolUse.None, [], 0, forecast, 0, "tenant");
        served.Add(name, (new ServedSequence(model, slot, work, null), request));
    }
}
