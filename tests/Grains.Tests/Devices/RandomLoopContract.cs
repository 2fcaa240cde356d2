using System.Collections.Immutable;
using Pharos.Grains.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Tests.Devices;

/// <summary>
/// The real core, loop and engine under random lives on devices that are too small for them: with shared beginnings, copies on write, guesses, swaps,
/// evictions and pauses, every sequence says, token for token, what it says alone.
/// </summary>
public abstract class RandomLoopContract
{
    private const int BlockSize = 16, BytesOfBlock = 6 * 2 * 4 * 32 * BlockSize * sizeof(float); // of the embedded model
    private static readonly ServedModel Model = ServedModel.Open("spark");

    /// <summary>An engine under test, in single precision.</summary>
    protected abstract IModelBackend Open(LoadedModel model, long deviceBytes, long hostBytes, int blockSize);

    /// <summary>The one that tells what each says alone.</summary>
    protected static IModelBackend OpenCpu(LoadedModel model, long deviceBytes, long hostBytes, int blockSize) => CpuBackend.Create(
        model, new CpuBackendOptions { Threads = 1, DeviceBytes = deviceBytes, HostBytes = hostBytes, BlockSize = blockSize, CopyShare = 0.02 });

    protected virtual int Seeds => 12;

    /// <summary>Newcomers may be kept as hidden states, at a price that some are worth; keys and values alone are shared.</summary>
    protected static BatchComposition SomeHidden(int rebuildTokens) =>
        BatchComposition.Density with { Compact = CacheForm.Hidden, MaxCompactContext = rebuildTokens, RebuildSeconds = 1e-6 };

    [Theory]
    [InlineData("lamps", "preserve")]
    [InlineData("lamps", "swap")]
    [InlineData("fcfs", "discard")]
    [InlineData("fcfs", "pharos")]
    public Task Random_lives_say_what_each_says_alone(string rank, string pause) => CheckAsync(Open, rank, pause, null);

    /// <param name="composition">How batches are composed; null: by rank.</param>
    /// <param name="exitWindow">Of the engine under test, which is also asked what each says alone; 1: it has no early exits.</param>
    protected async Task CheckAsync(Func<LoadedModel, long, long, int, IModelBackend> open, string rank, string pause, BatchComposition? composition, int exitWindow = 1)
    {
        await using var large = Backend(exitWindow > 1 ? open : OpenCpu, 200, 0);
        // Nothing is too wrong: exits count from the beginning, and the threshold stays.
        var control = new ExitControl(new ExitControlOptions(Threshold: 0.5, MaxDisagreement: 1, AuditShare: 0.1));
        var gate = exitWindow > 1 ? new ExitGate("worker", control) : null;
        long shared = 0, guessed = 0, swapped = 0, rebuilt = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var dice = new Random(seed);
            var (device, host) = (dice.Next(12, 26), dice.Next(0, 16));
            await using var backend = Backend(open, device, host);
            var world = new World(backend, Core(device, host, rank, pause, dice.Next(3) * device / 2, dice.Next(3) * 4, composition), gate);
            var lives = Enumerable.Range(0, 10).Select(i => new Life(i, dice)).ToList();
            await world.RunAsync(lives, dice);
            foreach (var life in lives.Where(life => !life.GaveUp))
            {
                var alone = life.Again();
                await new World(large, Core(200, 0, "fcfs", "preserve", 0, 0), gate).RunAsync([alone], dice);
                Assert.True(alone.Said.SequenceEqual(life.Said), $"seed {seed}: {life.Name} says something else than alone");
            }

            Assert.True(lives.Count(life => life.GaveUp) <= 2, "too much was left out");
            (shared, guessed, swapped) = (shared + world.Totals.SharedTokens, guessed + world.Totals.AcceptedTokens, swapped + world.Totals.SwappedInBlocks);
            rebuilt += world.RebuiltTokens;
        }

        Assert.True(gate is null || control.Audits > Seeds, $"{control.Audits} tokens of exits were audited: hardly tested");
        Assert.True(composition?.Compact is not CacheForm.Hidden || rebuilt > 100 * Seeds, $"{rebuilt} tokens rebuilt from hidden states: hardly tested");
        Assert.True(shared > 16 * Seeds && guessed > Seeds && (swapped > 0 || pause is "discard"), $"{shared} tokens shared, {guessed} guessed, {swapped} blocks swapped: hardly tested");
    }

    private static Timed Backend(Func<LoadedModel, long, long, int, IModelBackend> open, int device, int host) =>
        new(open(Model.Loaded, (long)device * BytesOfBlock, (long)host * BytesOfBlock, BlockSize));

    private static WorkerCore Core(int device, int host, string rank, string pause, int cached, int drafts, BatchComposition? composition = null) => new(
        new WorkerLimits(BlockSize, device, host, 96, 6, 40, LoadsAhead: true, CachedBlocks: cached, MaxDrafts: drafts),
        new DeviceProfile(1e-3, 1e-5, 0, 96, 1e6), RankingPolicies.Find(rank), PausePolicies.Find(pause))
    {
        Composition = composition,
    };

    /// <summary>A prompt that begins as others do, and what its tools will say.</summary>
    private sealed class Life(int number, ImmutableArray<int> prompt, GenerationOptions options, ImmutableArray<ImmutableArray<int>> results)
    {
        public Life(int number, Random dice)
            : this(number, [.. Book(dice.Next(2), dice.Next(0, 90)), .. Book(9 + number, dice.Next(1, 12))],
                new GenerationOptions(dice.Next(5, 30), dice.Next(2) * 0.7f, 1, 0, (ulong)dice.Next(), []),
                [.. Enumerable.Range(0, dice.Next(3)).Select(i => (ImmutableArray<int>)[.. Book(20 + number * 3 + i, dice.Next(1, 20))])])
        {
        }

        public string Name => $"r{number}";

        public ImmutableArray<int> Prompt => prompt;

        public GenerationOptions Options => options;

        public ServedSequence? Sequence { get; set; }

        public int Pauses { get; set; }

        public double BackAt { get; set; }

        public bool GaveUp { get; set; }

        public bool IsOver { get; set; }

        public List<int> Said => Sequence!.Tokens;

        public ImmutableArray<int>? NextResult => Pauses < results.Length ? results[Pauses] : null;

        public Life Again() => new(number, prompt, options, results);

        // Ids of plain text: no control token among them.
        private static IEnumerable<int> Book(int book, int length) => Enumerable.Range(0, length).Select(i => (i * 31 + i * i * 7 + book * 57) % 250);
    }

    /// <summary>The engine, and steps that take a time of their own: what is decided does not depend on the machine.</summary>
    private sealed class Timed(IModelBackend engine) : IModelBackend
    {
        public ModelShape Model => engine.Model;

        public KvShape Kv => engine.Kv;

        public BackendLimits Limits => engine.Limits;

        public BlockTransfers Transfers => default;

        public async ValueTask ForwardAsync(StepBatch batch, StepResult result, CancellationToken ct)
        {
            await engine.ForwardAsync(batch, result, ct);
            result.Seconds = 1e-3 + 1e-5 * batch.TokenCount;
        }

        public void CopyBlocks(ReadOnlySpan<BlockCopy> copies) => engine.CopyBlocks(copies);

        public ValueTask<byte[]> ExportBlocksAsync(ReadOnlyMemory<int> blocks, KvSpan span, CancellationToken ct) => engine.ExportBlocksAsync(blocks, span, ct);

        public ValueTask<KvSpan> ImportBlocksAsync(ReadOnlyMemory<byte> chunk, ReadOnlyMemory<int> blocks, CancellationToken ct) =>
            engine.ImportBlocksAsync(chunk, blocks, ct);

        public ValueTask DisposeAsync() => engine.DisposeAsync();
    }

    private sealed class World(IModelBackend backend, WorkerCore core, ExitGate? gate)
    {
        private static readonly SegmentForecast Forecast = new(Estimate.Exactly(20), 0.5, "tool", Estimate.Exactly(1), 3, Estimate.Exactly(20));
        private readonly Dictionary<string, Life> lives = [];
        private readonly List<(ServedSequence Sequence, TokenMeaning Meaning, int Tokens)> spoken = [];
        private double now;

        public WorkerTotals Totals => core.Totals;

        public long RebuiltTokens { get; private set; }

        public async Task RunAsync(IReadOnlyList<Life> all, Random dice)
        {
            using var iteration = new Iteration(backend, core, slot => lives[slot.Request].Sequence!, gate);
            var toCome = new Queue<Life>(all);
            for (var step = 0; all.Any(life => !life.IsOver); step++)
            {
                Assert.True(step < 20_000, "no end");
                now += 0.002;
                if (toCome.Count > 0 && dice.Next(3) == 0)
                    Start(toCome.Dequeue());
                foreach (var life in lives.Values.Where(life => !life.IsOver && life.Sequence!.Slot.Phase == SequencePhase.Parked && life.BackAt < now).ToList())
                    Return(life);
                var plan = core.Plan(now);
                foreach (var slot in plan.OutOfMemory.ToList())
                    GiveUp(lives[slot.Request]);
                iteration.Copy(plan);
                if (plan.Batch.Count == 0)
                    continue;
                RebuiltTokens += plan.RebuiltTokens;
                await iteration.ForwardAsync(plan, CancellationToken.None);
                iteration.Commit(plan, spoken);
                foreach (var (sequence, meaning, _) in spoken)
                {
                    if (meaning.End is not null)
                        End(lives[sequence.Slot.Request], dice);
                    else if (core.MaxDrafts > 0)
                        core.Guess(sequence.Slot, sequence.Guess(core.MaxDrafts));
                }

                spoken.Clear();
                core.CheckIntegrity();
            }

            Assert.Equal(core.Use(1).DeviceBlocks, core.Use(1).DeviceFree);
        }

        private void Start(Life life)
        {
            var keys = new BlockKeys("tenant", backend.Model.Fingerprint, BlockSize);
            keys.Extend(life.Prompt.AsSpan());
            var slot = core.Admit(new SequenceStart(life.Name, 1, now, 0, life.Prompt.Length, life.Prompt.Length, Forecast, keys), now);
            var work = new SequenceWork(life.Name, 1, "gateway", life.Prompt, life.Prompt.Length, 0, life.Options, ToolUse.None, [], now, Forecast, 0, "tenant");
            life.Sequence = new ServedSequence(Model, slot, work, keys);
            lives.Add(life.Name, life);
        }

        private void End(Life life, Random dice)
        {
            if (life.NextResult is null)
            {
                core.Remove(life.Sequence!.Slot, now);
                life.IsOver = true;
                return;
            }

            life.BackAt = now + dice.NextDouble() * 0.05;
            core.Park(life.Sequence!.Slot, "call", new ToolForecast("tool", 9, Estimate.Exactly(0.02), 0.02, 0.02, 0.02, 4), now);
        }

        private void Return(Life life)
        {
            var (slot, result) = (life.Sequence!.Slot, life.NextResult!.Value);
            if (slot.Length + result.Length + life.Options.MaxTokens >= core.LargestContext)
            {
                GiveUp(life);
                return;
            }

            life.Pauses++;
            core.Resume(slot, slot.Epoch + 1, result.Length, 0.02, Forecast, now);
            life.Sequence!.Resume(new ResumeWork(life.Name, slot.Epoch - 1, slot.Epoch, "gateway", result, 0, life.Options, Forecast, 0.02), grammar: null);
        }

        private void GiveUp(Life life)
        {
            core.Remove(life.Sequence!.Slot, now);
            life.GaveUp = life.IsOver = true;
        }
    }
}
