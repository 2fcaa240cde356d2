using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Worker;

/// <param name="MaxTokens">Token budget of an iteration.</param>
/// <param name="MaxSequences">Most sequences running at once.</param>
/// <param name="Chunk">Prefill chunk in tokens.</param>
/// <param name="RescoreIterations">Scores are computed anew every so many iterations (LAMPS: 10), later where very many wait.</param>
/// <param name="LoadsAhead">The device copies while it computes: a cache that comes back from the host runs when its copies are done, and the
/// iterations until then run without it (INFERCEPT 2402.01869, pipelined swapping). Otherwise copies are made between iterations.</param>
/// <param name="CachedBlocks">Most device blocks kept for contexts that begin alike, of those that nobody holds; 0: nothing is shared.</param>
/// <param name="MaxDrafts">Most guessed tokens of a sequence that an iteration computes.</param>
/// <param name="PromptsApart">An iteration computes prompts alone, whole where they fit the budget, or decodes alone; prompts go first (vLLM 0.5, before
/// chunked prefill).</param>
public sealed record WorkerLimits(
    int BlockSize, int DeviceBlocks, int HostBlocks, int MaxTokens, int MaxSequences, int Chunk,
    int RescoreIterations = 10, bool LoadsAhead = false, int CachedBlocks = 0, int MaxDrafts = 0, bool PromptsApart = false);

/// <summary>
/// The state machine of one device: which sequences run in the next iteration, which blocks they own, and what happens to the cache of
/// those that wait for a tool. Synchronous and deterministic; time comes in as seconds. It knows how many tokens, never which.
/// </summary>
public sealed partial class WorkerCore
{
    private readonly WorkerLimits limits;
    private readonly BlockLedger ledger;
    private readonly BlockListPool blockLists;
    private readonly Dictionary<string, SequenceSlot> slots = new(StringComparer.Ordinal);
    private readonly TurnQueue queue = new();
    private readonly List<SequenceSlot> holders = []; // of those in the queue: with blocks on the device
    private readonly List<SequenceSlot> loading = []; // admitted, while their caches come back from the host
    private readonly List<SequenceSlot> running = []; // in order of admission: the last one is preempted first
    private readonly List<SequenceSlot> parked = [];
    private readonly IterationPlan plan = new();
    private readonly int maxRunning;
    private IRankingPolicy ranking = null!;
    private IObservingPolicy? observer;
    private int nextId;
    private long iteration;

    public WorkerCore(WorkerLimits limits, DeviceProfile prior, IRankingPolicy ranking, IPausePolicy pausing)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxSequences, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.Chunk, 1);
        this.limits = limits;
        maxRunning = Math.Min(limits.MaxSequences, limits.MaxTokens); // so that every running sequence gets its token in every iteration
        ledger = new BlockLedger(limits.BlockSize, limits.DeviceBlocks, limits.HostBlocks, limits.CachedBlocks);
        blockLists = new BlockListPool(limits.DeviceBlocks, limits.DeviceBlocks + limits.HostBlocks, maxRunning);
        Fit = new IterationFit(prior);
        Ranking = ranking;
        Pausing = pausing;
    }

    /// <summary>May be replaced live: all that waits is ranked anew.</summary>
    public IRankingPolicy Ranking
    {
        get => ranking;
        set
        {
            ranking = value;
            observer = value as IObservingPolicy;
            if (observer is not null)
                TellOfWaiting(observer);
            for (var i = 0; i < queue.Count; i++)
                Score(queue[i], plannedAt);
            queue.Sort();
        }
    }

    public IPausePolicy Pausing { get; set; }

    /// <summary>The cost model, fitted to what this device measures.</summary>
    public IterationFit Fit { get; }

    public WorkerTotals Totals { get; } = new();

    /// <summary>Contexts that begin alike share blocks, where their keys are told.</summary>
    public bool SharesPrefixes => ledger.Publishes;

    public int Running => running.Count;

    public int Waiting => queue.Count + loading.Count;

    public int Parked => parked.Count;

    public IReadOnlyCollection<SequenceSlot> Sequences => slots.Values;

    /// <summary>Longest context that fits the device alone, in tokens.</summary>
    public int LargestContext => limits.DeviceBlocks * limits.BlockSize;

    public SequenceSlot? Find(string request) => slots.GetValueOrDefault(request);

    /// <summary>Takes a sequence in. The caller has checked that its context fits <see cref="LargestContext"/> and that the id is free.</summary>
    public SequenceSlot Admit(SequenceStart start, double now)
    {
        if (start.Tokens < 1 || start.Tokens >= LargestContext)
            throw new ArgumentOutOfRangeException(nameof(start), $"A context of {start.Tokens} tokens does not fit a device of {LargestContext}.");
        var slot = new SequenceSlot(nextId++, limits.BlockSize, blockLists, start, MeterOf(start.Tenant), now);
        slots.Add(start.Request, slot);
        slot.QueuedBeside = RunningTokens();
        observer?.Arrived(View(slot, now), Fit.Profile);
        Queue(slot, now);
        return slot;
    }

    /// <summary>
    /// The segment ended in a tool call: decides what happens to the cache. Copies of a swap are part of the next plan.
    /// </summary>
    public PauseReceipt Park(SequenceSlot slot, string call, ToolForecast tool, double now)
    {
        if (slot.Phase == SequencePhase.Parked)
            throw new InvalidOperationException($"{slot.Request} is parked already.");
        Account(slot, now);
        Unlist(slot); // one that came with a finished segment was never run here
        slot.PausedBeside = RunningTokens();
        var decision = DecidePause(slot, tool, now);
        slot.KeptUntil = decision.KeptUntil;
        slot.Receipt = new PauseReceipt(
            call, tool.Tool, now - slot.ArrivalAt, tool.P50, tool.P90, slot.Computed, decision.Prices, decision.Action, decision.Until, null, 0, []);
        slot.Phase = SequencePhase.Parked;
        slot.ParkedAt = now;
        slot.Tool = tool;
        slot.ReturnStaleAt = now;
        slot.MirrorNext = slot.DeviceBlocks.Count - 1;
        slot.Segment++;
        parked.Add(slot);
        Totals.Count(decision.Action);
        if (decision.Action != PauseAction.Preserve)
            Vacate(slot, decision.Action, now);
        return slot.Receipt;
    }

    /// <summary>The tool's result is here: <paramref name="appended"/> tokens join the context and the sequence waits for its turn.</summary>
    /// <param name="objective">What its client may expect from now on; null: what the worker's requests may in general.</param>
    /// <returns>The receipt with what the decision turned out to be worth.</returns>
    public PauseReceipt Resume(SequenceSlot slot, int epoch, int appended, double toolSeconds, SegmentForecast forecast, double now, ServiceObjective? objective = null)
    {
        if (slot.Phase != SequencePhase.Parked)
            throw new InvalidOperationException($"{slot.Request} is {slot.Phase}, not parked: it cannot be resumed.");
        if (appended < 0 || slot.Length + appended >= LargestContext)
            throw new ArgumentOutOfRangeException(nameof(appended), $"{slot.Length} + {appended} tokens do not fit a device of {LargestContext}.");
        Account(slot, now);
        var receipt = Settled(slot, toolSeconds);
        parked.Remove(slot);
        slot.Receipt = null;
        slot.Epoch = epoch;
        slot.Phase = SequencePhase.Waiting;
        slot.Length += appended;
        slot.SegmentStart = slot.Length;
        slot.Forecast = forecast;
        slot.Objective = objective;
        slot.QueuedAt = now;
        slot.QueuedBeside = RunningTokens();
        slot.ToolSeconds += now - slot.ParkedAt;
        slot.StartedAt = null;
        slot.PassedBefore = 0;
        slot.Preemptions = 0;
        (slot.FirstWasLate, slot.LateGaps, slot.WeighedAt) = (false, 0, SequenceSlot.Unweighed);
        Queue(slot, now);
        return receipt;
    }

    /// <summary>Removes a sequence and frees all it holds.</summary>
    /// <param name="isDone">It was served to its end; else it was cancelled or goes on elsewhere.</param>
    public void Remove(SequenceSlot slot, double now, bool isDone = false)
    {
        Account(slot, now);
        observer?.Ended(View(slot, now) with { IsDone = isDone });
        slots.Remove(slot.Request);
        Unlist(slot);
        parked.Remove(slot);
        leaving.Remove(slot);
        ledger.GiveBack(KvTier.Device, slot.Id, slot.DeviceBlocks);
        DropHost(slot, 0);
    }

    /// <summary>What the device does next. Valid until the next call; to be followed by <see cref="Commit"/> unless it is empty.</summary>
    public IterationPlan Plan(double now)
    {
        plan.Clear();
        plan.WaitsForCopies = !Pausing.CopiesBeside;
        plannedAt = now;
        planning = true;
        preempted = false;
        TakePendingCopies(now);
        if (composition is { Apart: false })
            Compose(now); // before: where it leaves nobody running, the device waits for what is being loaded
        ContinueLoaded(now);
        if (composition?.Apart ?? limits.PromptsApart)
        {
            PlanApart(now);
        }
        else
        {
            ContinueDecodes(now);
            ContinuePrefills();
            ReviseParked(now);
            if (composition is not null)
                AdmitInvited(now);
            else
                AdmitWaiting(now);
        }

        MirrorParked(now);
        planning = false;
        return plan;
    }

    /// <summary>The plan was executed in <paramref name="seconds"/>: its tokens are in the cache, and a token was sampled where planned.</summary>
    public void Commit(double seconds)
    {
        iteration++;
        Totals.Iterations++;
        Totals.BusySeconds += seconds;
        Fit.Observe(plan.Tokens, plan.ContextTokens, seconds, plan.RebuiltTokens);
        var (resident, recomputed) = (0L, 0);
        foreach (var planned in plan.Batch)
        {
            var (slot, start, _, samples) = planned;
            var accepted = SettleDrafts(slot, planned.Drafts);
            var count = planned.Count - planned.Drafts + accepted;
            slot.Computed = start + count;
            Publish(slot);
            slot.ServiceSeconds += seconds;
            slot.ServiceIterations++;
            slot.RanAt = plannedAt;
            resident += slot.Computed;
            var again = Math.Clamp(slot.HighWater - start, 0, count);
            Totals.RecomputedTokens += again;
            recomputed += again;
            slot.HighWater = Math.Max(slot.HighWater, slot.Computed);
            if (count - accepted > 1 || !samples)
                Totals.PrefillTokens += count;
            if (!samples)
                continue;
            TakeTokenTime(slot, plannedAt + seconds);
            slot.Length += 1 + accepted;
            slot.TotalGenerated += 1 + accepted;
            Totals.GeneratedTokens += 1 + accepted;
            slot.Meter.GeneratedTokens += 1 + accepted;
        }

        observer?.Iterated(new IterationView(plannedAt, seconds, plan.Tokens, recomputed, resident, LargestContext, Waiting));
    }

    /// <summary>What the segment held and cost, read at its end; counting starts anew.</summary>
    public double TakeKvTokenSeconds(SequenceSlot slot, double now)
    {
        Account(slot, now);
        var held = slot.KvTokenSeconds;
        slot.KvTokenSeconds = 0;
        return held;
    }

    /// <summary>What operators and the scheduler see of the tiers.</summary>
    public KvUse Use(long bytesPerBlock)
    {
        var lent = 0;
        foreach (var slot in parked)
            lent += slot.DeviceBlocks.Count;
        return new KvUse(
            limits.BlockSize, bytesPerBlock, ledger.Total(KvTier.Device), ledger.Free(KvTier.Device),
            Math.Min(lent, ledger.Total(KvTier.Device) - ledger.Free(KvTier.Device)), // parked caches may share blocks
            ledger.Total(KvTier.Host), ledger.Free(KvTier.Host), ledger.Cached);
    }

    /// <summary>Asserts that every block is owned once, every cache is whole, and every sequence is in one place.</summary>
    public void CheckIntegrity()
    {
        ledger.CheckIntegrity(slots.Values.SelectMany(slot => ((KvTier, int, IReadOnlyList<int>)[])
            [(KvTier.Device, slot.Id, slot.DeviceBlocks), (KvTier.Host, slot.Id, [.. slot.HostBlocks.Where(block => block != SequenceSlot.NoBlock)])])
            .Concat(expected.Concat(staged).Select(arrival => (KvTier.Device, arrival.Id, arrival.BlockTable))));
        if (queue.Count + loading.Count + running.Count + parked.Count + leaving.Count != slots.Count)
            throw new InvalidOperationException($"{slots.Count} sequences, but {Waiting} waiting, {running.Count} running, {parked.Count} parked and {leaving.Count} leaving.");
        foreach (var slot in slots.Values)
        {
            var blocks = slot.BlocksFor(slot.Computed);
            var whole = slot.HostCount == slot.HostBlocks.Count(block => block != SequenceSlot.NoBlock) && slot.HostBlocks.Count <= blocks;
            for (var block = slot.DeviceBlocks.Count; block < blocks; block++)
                whole &= slot.OnHost(block);
            if (slot.Computed > slot.Length || !whole)
                throw new InvalidOperationException($"{slot.Request} has {slot.Computed} tokens computed of {slot.Length} in {slot.DeviceBlocks.Count} device blocks and {slot.HostCount} host blocks.");
            if (slot.QueueIndex >= 0 && holders.Contains(slot) != slot.DeviceBlocks.Count > 0)
                throw new InvalidOperationException($"{slot.Request} waits with {slot.DeviceBlocks.Count} device blocks and is {(holders.Contains(slot) ? "" : "not ")}listed as holding some.");
        }
    }

    private void Queue(SequenceSlot slot, double now)
    {
        slot.Phase = SequencePhase.Waiting;
        slot.QueuedInRound = round;
        Score(slot, now);
        queue.Add(slot);
        if (slot.DeviceBlocks.Count > 0)
            holders.Add(slot);
    }

    // Out of the queue, or out of what runs.
    private void Unlist(SequenceSlot slot)
    {
        if (slot.QueueIndex >= 0)
        {
            queue.Remove(slot);
            holders.Remove(slot);
            slot.PassedBefore += (int)(round - slot.QueuedInRound);
            slot.QueuedInRound = -1;
        }
        else if (!loading.Remove(slot))
        {
            running.Remove(slot);
        }
    }

    // C_other of the pause prices: what a stall makes the rest of the batch hold.
    private long RunningTokens()
    {
        var tokens = 0L;
        foreach (var slot in running)
            tokens += slot.DeviceTokens;
        return tokens;
    }

    // What the pause really wasted, revisions included, against the best choice for the time the tool turned out to take.
    private PauseReceipt Settled(SequenceSlot slot, double toolSeconds)
    {
        var receipt = slot.Receipt!;
        var actual = MemoryTime.Waste(Fit.Profile, receipt.ContextTokens, slot.PausedBeside, toolSeconds);
        var best = Math.Min(actual.Preserve, Math.Min(actual.Swap, actual.Discard));
        var paid = actual.Of(receipt.Decision);
        if (receipt.Decision == PauseAction.Preserve && receipt.Revisions is [var givenUp, ..])
            paid = receipt.ContextTokens * Math.Clamp(givenUp.At - receipt.At, 0, toolSeconds) + actual.Of(givenUp.Decision);
        return receipt with { ActualSeconds = toolSeconds, RegretTokenSeconds = Math.Max(0, paid - best), WasteTokenSeconds = paid };
    }
}
