using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Worker;

// Batches composed by value density: before each iteration, all that run or wait compete for the memory.
public sealed partial class WorkerCore
{
    private const int MostCandidates = 4096; // that wait; the rest is looked at when these have gone
    private const int TokensBetweenWeighings = 16;
    private const double LeastValue = 1e-9; // where nobody wants the memory, all that is worth anything runs
    private const double Staying = 1.25; // whoever runs is worth so much more: two that are worth the same do not take turns
    private const double PayOff = 20; // nobody is taken off before it has run for so many times what bringing it in took
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
            Fit.SecondsPerRebuiltToken = value?.RebuildSeconds ?? 0;
        }
    }

    private void Compose(double now)
    {
        candidates.Clear();
        var capacity = Composable(now);
        foreach (var slot in running)
        {
            // Whoever is being prefilled gets its token first: two that displace each other before that would never end. And what was computed or
            // copied pays off before it is given up again.
            if (slot.Pending > 1 || now < slot.StaysUntil)
                capacity -= slot.DeviceBlocks.Count;
            else
                candidates.Add(slot);
        }

        var (count, ran) = (0, candidates.Count);
        for (var i = 0; i < Math.Min(queue.Count, MostCandidates); i++)
            candidates.Add(queue[i]);
        MakeRoomForOptions();
        var (all, perSecond) = (0.0, 1 / Fit.Profile.IterationSeconds(ran + 1, RunningTokens()));
        for (var i = 0; i < candidates.Count; i++)
        {
            var slot = candidates[i];
            if (slot.Form != CacheForm.Kv && slot.Length >= composition!.MaxCompactContext)
                Outgrow(slot, now);
            var value = Goodput(slot, now);
            if (i < ran)
                all += value;
            AddOptions(i, ref count, i < ran ? Staying * value : value, all * perSecond);
        }

        knapsack.Solve(options.AsSpan(0, count), capacity, chosen.AsSpan(0, candidates.Count));

        for (var i = 0; i < ran; i++)
        {
            if (chosen[i] < 0 && candidates[i].QueueIndex < 0)
                Requeue(candidates[i], Reload(candidates[i]), now);
        }

        Invite();
    }

    private void MakeRoomForOptions()
    {
        if (options.Length < 2 * candidates.Count)
            (options, chosen) = (new BatchOption[4 * candidates.Count], new int[2 * candidates.Count]);
    }

    // Of what was chosen, those that wait.
    private void Invite()
    {
        invited.Clear();
        for (var i = 0; i < knapsack.Count; i++)
        {
            var step = knapsack[i];
            var candidate = options[step.Option].Candidate;
            var slot = candidates[candidate];
            if (slot.QueueIndex < 0 || chosen[candidate] != step.Option)
                continue;
            slot.Form = options[step.Option].Form;
            invited.Add(slot);
        }
    }

    // Its share of a request served, for the tokens of memory that it takes now out of all it still takes over time.
    private double Goodput(SequenceSlot slot, double now)
    {
        // What waits and has not changed is weighed once.
        if (Math.Abs(slot.Length + slot.DeviceTokens - slot.WeighedAt) >= TokensBetweenWeighings)
        {
            var view = View(slot, now);
            slot.TokensLeft = view.TokensLeft.Mean;
            slot.MemoryTimeLeft = RemainingWork.Of(view, Fit.Profile).MemoryTime;
            slot.WeighedAt = slot.Length + slot.DeviceTokens;
        }

        var objective = slot.Objective ?? composition!.Objective;
        var generated = slot.Length - slot.SegmentStart;
        var lost = generated == 0
            ? now - slot.QueuedAt > objective.FirstTokenSeconds
            : GoodputValue.IsLost(slot.FirstWasLate, slot.LateGaps + (now - slot.TokenAt > objective.TokenGapSeconds ? 1 : 0), generated + slot.TokensLeft);
        // Age counts by what all may expect: whoever asks for the impossible is lost the sooner, and gains nothing by it.
        return GoodputValue.Weight(lost, now - slot.QueuedAt, generated, composition!.Objective) * slot.Length / Math.Max(LeastValue, slot.MemoryTimeLeft);
    }

    // A form is kept for life, and so is the delay that it makes: it is charged with what all others lose by that.
    private void AddOptions(int candidate, ref int count, double value, double goodputOfOthers)
    {
        var (slot, settings) = (candidates[candidate], composition!);
        var bare = slot.DeviceBlocks.Count == 0 && slot.HostCount == 0;
        foreach (var form in (ReadOnlySpan<CacheForm>)[CacheForm.Kv, settings.Compact ?? CacheForm.Kv])
        {
            if (!bare && form != slot.Form || form != CacheForm.Kv && (slot.Length >= settings.MaxCompactContext || !double.IsFinite(settings.RebuildSeconds)))
                continue; // not possible, or nothing is saved by it
            var tokens = limits.BlockSize * form.Density();
            var blocks = Math.Min((slot.Length + tokens - 1) / tokens, ledger.Total(KvTier.Device)); // what fits no longer ends when it is alone
            // A sequence that has its cache is not charged for the delay it makes: it was let in at that price.
            var worth = form == CacheForm.Kv || !bare
                ? Math.Max(value, LeastValue)
                : value - goodputOfOthers * (slot.Length + slot.TokensLeft / 2) * Fit.SecondsPerRebuiltToken;
            options[count++] = new BatchOption(candidate, form, blocks, worth);
            if (settings.Compact is null)
                break;
        }
    }

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

    // What it takes to have so many tokens of a cache on the device.
    private double ReloadSeconds(int tokens) => Math.Min(Fit.Profile.PrefillSeconds(tokens), 2 * Fit.Profile.SwapSeconds(tokens));

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
            if (preempted || !FitsBudget(slot) || running.Count + loading.Count >= maxRunning)
                break;
            var there = slot.DeviceTokens;
            if (!TryBringIn(slot, now))
                continue; // what others keep was needed for it
            slot.StaysUntil = now + PayOff * ReloadSeconds(slot.Length - there);
            Start(slot, now);
        }

        round++; // those that wait were passed over
    }

    // A token of the segment is out.
    private void TakeTokenTime(SequenceSlot slot, double at)
    {
        if ((slot.Objective ?? composition?.Objective) is { } objective)
        {
            if (slot.Length == slot.SegmentStart)
                slot.FirstWasLate = at - slot.QueuedAt > objective.FirstTokenSeconds;
            else if (at - slot.TokenAt > objective.TokenGapSeconds)
                slot.LateGaps++;
        }

        slot.TokenAt = at;
    }
}
