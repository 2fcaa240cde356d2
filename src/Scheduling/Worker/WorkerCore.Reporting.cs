using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Fairness;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Worker;

// What a worker says of itself to its scheduler.
public sealed partial class WorkerCore
{
    private readonly SortedDictionary<string, TenantMeter> meters = new(StringComparer.Ordinal); // by tenant

    /// <summary>What each tenant has used and is expected to need, in order of name.</summary>
    public ImmutableArray<TenantUse> Usage(double now)
    {
        var device = Fit.Profile;
        var loads = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var slot in slots.Values)
        {
            Account(slot, now);
            if (slot.Phase != SequencePhase.Parked)
                loads[slot.Tenant] = loads.GetValueOrDefault(slot.Tenant) + MemoryTimeLoad.OfSegment(device, slot.Length, slot.Computed, slot.Length - slot.SegmentStart, slot.Forecast);
        }

        return [.. meters.Select(meter => new TenantUse(meter.Key, meter.Value.KvTokenSeconds, meter.Value.GeneratedTokens, loads.GetValueOrDefault(meter.Key)))];
    }

    private TenantMeter MeterOf(string tenant)
    {
        if (!meters.TryGetValue(tenant, out var meter))
            meters.Add(tenant, meter = new TenantMeter());
        return meter;
    }

    /// <summary>Every sequence here, and where its cache is.</summary>
    public ImmutableArray<HeldSequence> Held()
    {
        var held = new HeldSequence[slots.Count];
        var i = 0;
        foreach (var slot in slots.Values)
            held[i++] = new HeldSequence(slot.Request, slot.Epoch, slot.Phase, slot.Length, slot.DeviceTokens, slot.HostTokens, Load(slot));
        return ImmutableCollectionsMarshal.AsImmutableArray(held);
    }

    /// <summary>
    /// Memory-time that the sequences here are still expected to need, token-seconds. Those that wait for a tool do not count: the memory they
    /// hold is lent, and what they will need is needed later.
    /// </summary>
    public double Load()
    {
        var load = 0.0;
        foreach (var slot in slots.Values)
        {
            if (slot.Phase != SequencePhase.Parked)
                load += Load(slot);
        }

        return load;
    }

    private double Load(SequenceSlot slot) => slot.Phase == SequencePhase.Parked
        ? MemoryTime.AfterCall(Fit.Profile, slot.Length, slot.Forecast)
        : MemoryTimeLoad.OfSegment(Fit.Profile, slot.Length, slot.Computed, slot.Length - slot.SegmentStart, slot.Forecast);
}
