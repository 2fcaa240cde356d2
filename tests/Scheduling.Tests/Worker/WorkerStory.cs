using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>One device in virtual time. Every step is checked: contents of blocks, budgets, the order of the batch, the ledger.</summary>
public sealed class WorkerStory
{
    private readonly WorkerLimits limits;
    private readonly FakeDevice device;
    private readonly Dictionary<string, int> generated = [];
    private readonly Dictionary<string, (int Book, int Tokens)> quoted = []; // sequences that begin with the text of a book

    public WorkerStory(
        int kvBlocks = 64, int hostBlocks = 64, int blockSize = 4, int maxTokens = 64, int maxSequences = 8, int chunk = 32,
        string rank = "fcfs", string pause = "preserve", DeviceProfile? profile = null, bool loadsAhead = false,
        int cachedBlocks = 0, int maxDrafts = 0, bool promptsApart = false)
    {
        limits = new WorkerLimits(blockSize, kvBlocks, hostBlocks, maxTokens, maxSequences, chunk, LoadsAhead: loadsAhead, CachedBlocks: cachedBlocks, MaxDrafts: maxDrafts, PromptsApart: promptsApart);
        device = new FakeDevice(limits, (slot, position) => quoted.TryGetValue(slot.Request, out var quote) && position < quote.Tokens ? -2 - quote.Book : slot.Id);
        Core = new WorkerCore(limits, profile ?? FastLink, RankingPolicies.Find(rank), PausePolicies.Find(pause));
    }

    /// <summary>Copying is cheaper than computing: what is evicted goes to the host where it has room.</summary>
    public static DeviceProfile FastLink { get; } = new(1e-3, 1e-4, 0, 64, 1e6);

    public WorkerCore Core { get; }

    public double Now { get; private set; }

    /// <summary>The last plan, until the next step.</summary>
    public IterationPlan Plan { get; private set; } = new();

    public List<(string Request, PauseRevision Revision)> Revisions { get; } = [];

    /// <summary>How many of a sequence's guesses turn out right.</summary>
    public Func<int> RightGuesses { get; init; } = () => 0;

    public SequenceSlot Start(string name, int prompt, int priority = 0, double tokens = 20, double? arrivedAt = null, ServiceObjective? objective = null) =>
        Core.Admit(new SequenceStart(name, 1, arrivedAt ?? Now, priority, prompt, prompt, Forecast(tokens), Objective: objective), Now);

    /// <summary>A sequence whose first <paramref name="shared"/> tokens are those of a book that others may quote too.</summary>
    public SequenceSlot Quote(string name, int book, int shared, int prompt, int priority = 0, double tokens = 20)
    {
        quoted[name] = (book, shared);
        var own = quoted.Count;
        UInt128[] keys = [.. Enumerable.Range(0, limits.DeviceBlocks)
            .Select(block => new UInt128((ulong)((block + 1) * limits.BlockSize <= shared ? book : 1000 + own), (ulong)block))];
        return Core.Admit(new SequenceStart(name, 1, Now, priority, prompt, prompt, Forecast(tokens), keys), Now);
    }

    /// <summary>One iteration; sequences that sampled are counted.</summary>
    public WorkerStory Step()
    {
        Plan = Core.Plan(Now);
        Check();
        device.Execute(Plan, Core);
        foreach (var slot in Plan.Revised)
            Revisions.Add((slot.Request, slot.Receipt!.Revisions[^1]));
        var seconds = FastLink.IterationSeconds(Plan.Tokens, 0);
        Now += seconds;
        foreach (var planned in Plan.Batch.Where(planned => planned.Samples))
        {
            var right = Math.Min(planned.Drafts, RightGuesses());
            Core.Accept(planned.Sequence, right);
            generated[planned.Sequence.Request] = Generated(planned.Sequence) + 1 + right;
        }

        if (Plan.Batch.Count > 0)
            Core.Commit(seconds);
        Core.CheckIntegrity();
        return this;
    }

    public WorkerStory Steps(int count)
    {
        for (var i = 0; i < count; i++)
            Step();
        return this;
    }

    public WorkerStory RunUntil(Func<bool> reached, int within = 2000)
    {
        for (var i = 0; !reached(); i++)
        {
            Assert.True(i < within, $"not reached within {within} iterations");
            Step();
        }

        return this;
    }

    public int Generated(SequenceSlot slot) => generated.GetValueOrDefault(slot.Request);

    public bool RanLast(SequenceSlot slot) => Plan.Batch.Exists(planned => planned.Sequence == slot);

    public SequenceSlot RunUntilTool(SequenceSlot slot, int after = 1, double expectedSeconds = 1, string tool = "weather")
    {
        RunUntil(() => Generated(slot) >= after);
        Park(slot, expectedSeconds, tool);
        return slot;
    }

    public PauseReceipt Park(SequenceSlot slot, double expectedSeconds, string tool = "weather")
    {
        var receipt = Core.Park(slot, $"call_{slot.Request}", new ToolForecast(tool, 9, Estimate.Exactly(expectedSeconds), expectedSeconds, expectedSeconds, expectedSeconds, 4), Now);
        generated.Remove(slot.Request);
        Core.CheckIntegrity();
        return receipt;
    }

    public PauseReceipt Return(SequenceSlot slot, int tokens = 3, double seconds = 1)
    {
        Now += seconds;
        var receipt = Core.Resume(slot, slot.Epoch + 1, tokens, seconds, Forecast(20), Now);
        Core.CheckIntegrity();
        return receipt;
    }

    public void End(SequenceSlot slot)
    {
        Core.Remove(slot, Now);
        generated.Remove(slot.Request);
        Core.CheckIntegrity();
    }

    public void Wait(double seconds) => Now += seconds;

    public KvUse Use => Core.Use(1);

    public void AllIsFree()
    {
        Assert.Empty(Core.Sequences);
        Assert.Equal(limits.DeviceBlocks, Use.DeviceFree);
        Assert.Equal(limits.HostBlocks, Use.HostFree);
    }

    public static SegmentForecast Forecast(double tokens) => new(Estimate.Exactly(tokens), 0.5, "weather", Estimate.Exactly(1), 3, Estimate.Exactly(tokens));

    private void Check()
    {
        Assert.True(Plan.Tokens <= limits.MaxTokens, $"{Plan.Tokens} tokens planned");
        Assert.Equal(Plan.Tokens, Plan.Batch.Sum(planned => planned.Count));
        Assert.Equal(Plan.ContextTokens, Plan.Batch.Sum(planned => Enumerable.Range(planned.Start + 1, planned.Count).Sum(at => (long)at)));
        Assert.True(Core.Running <= limits.MaxSequences, $"{Core.Running} sequences run");
        Assert.Equal(Plan.Batch.Count, Plan.Batch.Select(planned => planned.Sequence).Distinct().Count());
        Assert.All(Plan.Batch, planned => Assert.Equal(SequencePhase.Running, planned.Sequence.Phase));
        Assert.All(Plan.Batch, planned => Assert.Equal(planned.Sequence.Computed, planned.Start));
        Assert.All(Plan.Batch, planned => Assert.InRange(planned.Count - planned.Drafts, 1, limits.Chunk));
        Assert.All(Plan.Batch.Take(Plan.Decodes), planned => Assert.Equal(1, planned.Count));
        Assert.All(Plan.Batch.Skip(Plan.Decodes), planned => Assert.True(planned.Count > 1, "a decode stands behind a chunk"));
        Assert.All(Plan.Batch, planned => Assert.InRange(planned.Drafts, 0, planned.Samples ? limits.MaxDrafts : 0));
        Core.CheckIntegrity();
    }
}
