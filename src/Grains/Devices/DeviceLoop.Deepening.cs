using Pharos.Inference.Backend;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

// More layers of the model that it runs: what is here goes on in the new backend where it stopped, and nobody who reads it notices.
public sealed partial class DeviceLoop
{
    /// <summary>Caches of this loop are of use to that backend: it has more layers of the same model.</summary>
    public bool GoesOnIn(IModelBackend deeper) => deeper is CpuBackend deep && deep.CanDeepen(backend);

    /// <summary>Stops between two iterations and gives away what it serves. Only to be disposed afterwards.</summary>
    internal async Task<HandedOver> HandOver()
    {
        var given = await Post(() =>
        {
            stopping.Cancel();
            foreach (var coming in arriving.Values.ToList())
                Forget(coming);
            var now = Now;
            var leaving = sequences.Values.OrderBy(sequence => Order(sequence.Slot.Phase)).ThenBy(sequence => sequence.Slot.ArrivalAt).Select(sequence =>
            {
                var cached = sequence.Slot.Form == CacheForm.Kv ? Math.Min(sequence.Slot.DeviceTokens, sequence.Whole) : 0;
                int[] blocks = [.. core.BlockTable(sequence.Slot)];
                return new LeavingSequence(sequence, core.TakeLeave(sequence.Slot, sequence.AsWork(), now) with { Computed = cached }, blocks);
            }).ToList();
            var given = new HandedOver((CpuBackend)backend, leaving, new(outboxes), tools, state);
            sequences.Clear();
            outboxes.Clear(); // their readers go on
            return given;
        });
        await run;
        return given;
    }

    /// <summary>Takes over what another loop served, before anybody else asks this one. Where there is no room for a cache any more it is computed anew.</summary>
    internal async Task TakeOver(HandedOver given)
    {
        var deep = (CpuBackend)backend;
        var places = await Post(() =>
        {
            foreach (var (gateway, outbox) in given.Outboxes)
                outboxes[gateway] = outbox;
            (tools, state) = (given.Tools, given.State);
            return given.Sequences.Select(one => core.Reserve(one.State.Computed) ?? core.Reserve(0)!).ToList();
        });
        foreach (var (one, place) in given.Sequences.Zip(places))
        {
            var cached = Math.Min(one.State.Computed, place.Capacity);
            if (cached > 0)
                await deep.DeepenAsync(given.Backend, one.Blocks, place.BlockTable.ToArray(), cached, stopping.Token);
        }
        await Post(() =>
        {
            foreach (var (one, place) in given.Sequences.Zip(places))
            {
                var keys = KeysOf(one.State.Work);
                var slot = core.Adopt(place, one.State, Math.Min(one.State.Computed, place.Capacity), keys, Now);
                one.Sequence.GoOnIn(slot, keys);
                sequences.Add(slot.Request, one.Sequence);
            }
            events.Writer.TryWrite(DeviceEvent.RoomChanged.Instance);
            return true;
        });
    }

    // Memory goes to those first for whom somebody waits.
    private static int Order(SequencePhase phase) => phase switch { SequencePhase.Running => 0, SequencePhase.Waiting => 1, _ => 2 };
}

/// <summary>What a loop served when it stopped.</summary>
internal sealed record HandedOver(
    CpuBackend Backend, IReadOnlyList<LeavingSequence> Sequences, SortedDictionary<string, GatewayOutbox> Outboxes, Dictionary<string, ToolForecast> Tools,
    WorkerState State);

/// <param name="Blocks">Its table in the old backend.</param>
internal sealed record LeavingSequence(ServedSequence Sequence, MovingSequence State, int[] Blocks);
