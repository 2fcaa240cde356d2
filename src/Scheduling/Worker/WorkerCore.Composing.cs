using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Worker;

// Batches composed by value density: before each iteration, all that run or wait compete for the memory.
public sealed partial class WorkerCore
{
    private const int MostCandidates = 2048; // that wait; the rest is looked at when these have gone
    private const double LeastValue = 1e-9; // where nobody wants the memory, all that is worth anything runs
    private readonly DensityKnapsack knapsack = new();
    private readonly List<SequenceSlot> candidates = []; // those that run first
    private readonly List<SequenceSlot> invited = []; // of those that wait, the densest first
    private BatchOption[] options = [];
    private int[] chosen = [];
    private BatchComposition? composition;

    /// <summary>How batches are composed; null: by rank, and nobody who runs gives way but for memory.</summary>
    public BatchComposition? Composition
    {
        get => composition;
        set
        {
            composition = value;
            Rebuilding = new RebuildFit(value?.RebuildSeconds ?? 0);
        }
    }

    /// <summary>What rebuilding compact caches takes, fitted to what this device measures.</summary>
    public RebuildFit Rebuilding { get; private set; } = new(0);

    private void Compose(double now)
    {
        candidates.Clear();
        var capacity = Composable(now);
        foreach (var slot in running)
        {
            // Whoever is being prefilled gets its token first: two that displace each other before that would never end.
            if (slot.Pending > 1)
                capacity -= slot.DeviceBlocks.Count;
            else
                candidates.Add(slot);
        }

        var (count, ran) = (0, candidates.Count);
        for (var i = 0; i < Math.Min(queue.Count, MostCandidates); i++)
            candidates.Add(queue[i]);
        if (options.Length < 2 * candidates.Count)
            (options, chosen) = (new BatchOption[4 * candidates.Count], new int[2 * candidates.Count]);
        for (var i = 0; i < candidates.Count; i++)
        {
            var slot = candidates[i];
            if (slot.Form != CacheForm.Kv && slot.Length >= composition!.MaxCompactContext)
                Outgrow(slot, now);
            AddOptions(i, ref count, now);
        }

        knapsack.Solve(options.AsSpan(0, count), capacity, chosen.AsSpan(0, candidates.Count));

        for (var i = 0; i < ran; i++)
        {
            if (chosen[i] < 0 && candidates[i].QueueIndex < 0)
                Requeue(candidates[i], Reload(candidates[i]), now);
        }

        invited.Clear();
        foreach (var step in knapsack.Steps)
        {
            var candidate = options[step.Option].Candidate;
            var slot = candidates[candidate];
            if (slot.QueueIndex < 0 || chosen[candidate] != step.Option)
                continue;
            slot.Form = options[step.Option].Form;
            invited.Add(slot);
        }
    }

    private void AddOptions(int candidate, ref int count, double now)
    {
        var (slot, settings) = (candidates[candidate], composition!);
        var objective = settings.Objective;
        var begun = slot.RanAt is { } ran && ran >= slot.QueuedAt && slot.Length > slot.SegmentStart;
        var pending = now - (begun ? slot.RanAt!.Value : slot.QueuedAt);
        var value = settings.Value(pending, begun ? objective.TokenGapSeconds : objective.FirstTokenSeconds);
        var others = Math.Max(1, running.Count);
        if (settings.CountsLosses && slot.DeviceTokens > 0)
            value += others * ReloadSeconds(slot);
        var bare = slot.DeviceBlocks.Count == 0 && slot.HostCount == 0;
        foreach (var form in (ReadOnlySpan<CacheForm>)[CacheForm.Kv, settings.Compact ?? CacheForm.Kv])
        {
            if (!bare && form != slot.Form || form != CacheForm.Kv && slot.Length >= settings.MaxCompactContext)
                continue;
            var tokens = limits.BlockSize * form.Density();
            var blocks = Math.Min((slot.Length + tokens - 1) / tokens, ledger.Total(KvTier.Device)); // what fits no longer ends when it is alone
            // A sequence that has its cache is not charged for the delay it makes: it was let in at that price.
            var worth = form == CacheForm.Kv || !bare ? Math.Max(value, LeastValue) : Compacted(value, others * slot.Length * Rebuilding.SecondsPerToken);
            options[count++] = new BatchOption(candidate, form, blocks, worth);
            if (settings.Compact is null)
                break;
        }
    }

    // As published the delay of one iteration is taken off the pending time. But a form is kept for life, and so is its delay: it pays as long as all
    // others together lose less in an iteration than the newcomer gains in one, which is the iteration's time.
    private double Compacted(double value, double delay) =>
        composition!.CountsLosses ? value * (1 - delay / Fit.Profile.IterationSeconds(running.Count + 1, RunningTokens())) : value - delay;

    // Longer than can be rebuilt: it goes on with keys and values, computed anew.
    private void Outgrow(SequenceSlot slot, double now)
    {
        if (slot.QueueIndex < 0)
            Requeue(slot, PauseAction.Discard, now);
        holders.Remove(slot);
        DropHost(slot, 0);
        Vacate(slot, PauseAction.Discard, now);
        slot.Form = CacheForm.Kv;
    }

    // What it would take to have its cache on the device again.
    private double ReloadSeconds(SequenceSlot slot) => Math.Min(Fit.Profile.PrefillSeconds(slot.DeviceTokens), 2 * Fit.Profile.SwapSeconds(slot.DeviceTokens));

    // Device blocks that are not held by caches which their pause policy keeps, or by what comes and goes.
    private int Composable(double now)
    {
        var (blocks, others) = (ledger.Total(KvTier.Device), RunningTokens());
        foreach (var slot in parked)
        {
            if (slot.DeviceBlocks.Count > 0 && double.IsNegativeInfinity(Pausing.EvictionRank(View(slot, others, running.Count == 0, now))))
                blocks -= slot.DeviceBlocks.Count;
        }

        foreach (var slot in loading)
            blocks -= slot.DeviceBlocks.Count;
        foreach (var slot in leaving)
            blocks -= slot.DeviceBlocks.Count;
        foreach (var arrival in expected)
            blocks -= arrival.Blocks.Count;
        foreach (var stage in staged)
            blocks -= stage.Blocks.Count;
        return blocks;
    }

    private void AdmitInvited(double now)
    {
        ranBefore = running.Count;
        Rescore(now);
        foreach (var slot in invited)
        {
            if (preempted || plan.Tokens >= limits.MaxTokens || running.Count + loading.Count >= maxRunning)
                break;
            if (!TryBringIn(slot, now))
                continue; // what others keep was needed for it
            Start(slot, now);
        }

        round++; // those that wait were passed over
    }
}
