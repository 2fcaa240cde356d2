using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Worker;
using Pharos.Simulator.Reports;

namespace Pharos.Simulator;

/// <summary>A worker's core on a simulated device, and what is measured of the two.</summary>
internal sealed class SimulatedWorker(string name, SimulationSetup setup, MemoryTimeline? timeline = null)
{
    private const int IterationsBetweenChecks = 4096;
    private static readonly WorkerCounters Counters = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0); // the pool decides nothing by them
    private readonly List<SimulatedRequest?> requests = []; // [slot.Id]
    private double heldParkedSince;
    private int parkedBlocks;
    private long computed, reports;

    public string Name => name;

    public WorkerCore Core { get; } = new(setup.Limits, setup.Device, setup.Policy.Ranking(), setup.Policy.Pausing())
    {
        Composition = setup.Policy.Batches is { } batches ? batches with { Objective = setup.Objective, RebuildSeconds = setup.RebuildSeconds } : null,
    };

    public SimulatedDevice Device { get; } = new(setup.Device, setup.BlockSize, setup.KvTokens / setup.BlockSize, setup.RebuildSeconds);

    /// <summary>How often its policy broke a promise.</summary>
    public long Violations => Promise?.Violations ?? 0;

    /// <summary>How its policy's promise stands; null where it gives none.</summary>
    public PromiseState? Promise => (Core.Ranking as IPromisingPolicy)?.Promise;

    /// <summary>Whose sequence it is.</summary>
    public SimulatedRequest this[SequenceSlot slot] => requests[slot.Id]!;

    /// <summary>The iteration that runs; null while there is nothing to do.</summary>
    public IterationPlan? Running { get; private set; }

    public double ComputeSeconds { get; private set; }

    /// <summary>Seconds it computed before the arrivals stopped.</summary>
    public double BusyInWindow { get; private set; }

    /// <summary>Tokens computed, those computed again among them.</summary>
    public long ComputedTokens => computed;

    /// <summary>Device memory held by caches that wait for a tool, over time.</summary>
    public double ParkedTokenSeconds { get; private set; }

    public void Admit(SimulatedRequest request, SequenceStart start, double now)
    {
        var slot = Core.Admit(start, now);
        while (requests.Count <= slot.Id)
            requests.Add(null);
        requests[slot.Id] = request;
        (request.Slot, request.Worker) = (slot, this);
    }

    public void Remove(SequenceSlot slot, double now, bool isDone)
    {
        requests[slot.Id] = null;
        Core.Remove(slot, now, isDone);
    }

    /// <summary>Plans and begins an iteration, if there is anything to do.</summary>
    /// <returns>When it ends.</returns>
    public double? Begin(double now)
    {
        var plan = Plan(now);
        // Copies alone take the link but no iteration: what waited for the memory is planned right behind them.
        while (plan.Batch.Count == 0 && plan.Copies.Count > 0)
        {
            Device.Execute(plan, Core, now);
            plan = Plan(now);
        }

        if (plan.OutOfMemory.Count > 0)
            throw new InvalidOperationException($"{plan.OutOfMemory[0].Request} alone does not fit worker {Name}, though it was let in.");
        Measure(now);
        timeline?.Sample(now, Core, slot => this[slot]);
        if (plan.Batch.Count == 0)
            return null;
        var (stall, compute) = Device.Execute(plan, Core, now);
        ComputeSeconds = compute;
        BusyInWindow += Math.Clamp(setup.Window - now, 0, stall + compute);
        computed += plan.Tokens;
        Running = plan;
        return now + stall + compute;
    }

    // Requests hear what becomes of their caches, as live ones do.
    private IterationPlan Plan(double now)
    {
        var plan = Core.Plan(now);
        foreach (var slot in plan.Revised)
            this[slot].Core!.Revise(slot.Epoch, slot.Receipt!);
        return plan;
    }

    /// <summary>The iteration is over.</summary>
    public IterationPlan Complete()
    {
        var plan = Running!;
        Running = null;
        Core.Commit(ComputeSeconds);
        if (Core.Totals.Iterations % IterationsBetweenChecks == 0)
            Core.CheckIntegrity();
        return plan;
    }

    /// <summary>What it says of itself to the pool.</summary>
    public WorkerSnapshot Report() => new(
        name, "simulated", name, "simulated", 1, ++reports, WorkerState.Active, Core.Use(1), setup.MaxSequences, Core.LargestContext, 0, 0, Core.Held(),
        Counters, Core.Fit.Profile, Core.Load(), Promise);

    /// <summary>Brings the memory held by parked caches up to <paramref name="now"/>.</summary>
    public void Measure(double now)
    {
        ParkedTokenSeconds += (double)parkedBlocks * setup.BlockSize * (now - heldParkedSince);
        heldParkedSince = now;
        var use = Core.Use(1);
        parkedBlocks = use.DeviceParked;
        if (use.DeviceFree < 0 || use.DeviceParked > use.DeviceBlocks - use.DeviceFree || use.HostFree < 0)
            throw new InvalidOperationException($"Worker {Name} holds more than it has: {use}.");
    }

    /// <summary>Nothing is left, and all memory is free.</summary>
    public void CheckEmpty()
    {
        Core.CheckIntegrity();
        var use = Core.Use(1);
        if (Core.Sequences.Count > 0 || use.DeviceFree != use.DeviceBlocks || use.HostFree != use.HostBlocks)
            throw new InvalidOperationException($"Worker {Name} is not empty at the end: {Core.Sequences.Count} sequences, {use}.");
    }
}
