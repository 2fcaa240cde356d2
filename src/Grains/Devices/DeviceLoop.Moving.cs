using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Inference.Grammar;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

// Sequences that leave for another worker, and those that come from one. Each command runs on the loop, between two iterations.
public sealed partial class DeviceLoop
{
    private const double BeingFetched = 1; // seconds between two pieces, at most
    private readonly SortedDictionary<string, ArrivingSequence> arriving = new(StringComparer.Ordinal);
    private readonly KvTransfers transfers;

    /// <summary>Tokens of a piece that has about <see cref="PieceBytes"/>.</summary>
    public int PieceTokens => Math.Max(1, (int)(PieceBytes / Math.Max(1, backend.Kv.BytesPerBlock))) * backend.Kv.BlockSize;

    /// <summary>Most bytes of keys and values that travel in one message, in whole blocks; a single block may be larger.</summary>
    public int PieceBytes { get; init; } = 1 << 20;

    /// <summary>
    /// What there is of a sequence that is to leave; null: it is not here under that epoch, or its cache is in a compact form, which does not travel.
    /// </summary>
    public Task<MigrationOffer?> Offer(string request, int epoch) => Post(() => Find(request, epoch) is { Slot: { Form: CacheForm.Kv } slot } sequence
        ? new MigrationOffer(slot.Phase, slot.Length, sequence.Whole, backend.Model.Fingerprint)
        : null);

    /// <summary>Keys and values from a token on, as many as one piece may have; null: the sequence is not here under that epoch.</summary>
    public async Task<KvPiece?> Export(string request, int epoch, int first, int most)
    {
        var read = await Post(() => FindMovable(request, epoch) is { } sequence ? BeginRead(sequence, epoch, first, most) : null);
        return read is null ? null : await read;
    }

    /// <summary>
    /// The state of a sequence for its new owner, with the last piece of its cache. One that is not parked stops, until it is released or
    /// <see cref="Stay"/>s.
    /// </summary>
    /// <returns>Null: the sequence is not here under that epoch.</returns>
    public async Task<Departure?> TakeLeave(string request, int epoch, int first, int most)
    {
        var (departure, last) = await Post<(Departure? Departure, Task<KvPiece?>? Last)>(() =>
        {
            if (FindMovable(request, epoch) is not { } sequence)
                return default;
            sequence.StoppedAt = sequence.Slot.Phase == SequencePhase.Parked ? null : Now;
            return (new Departure(core.TakeLeave(sequence.Slot, sequence.AsWork(), Now) with { Computed = sequence.Whole }, null, sequence.FirstTokenAt), BeginRead(sequence, epoch, first, most));
        });
        return departure is null ? null : departure with { Last = await last! };
    }

    /// <summary>It goes on here after all.</summary>
    public Task<bool> Stay(string request, int epoch) => Post(() =>
    {
        if (Find(request, epoch) is not { } sequence)
            return false;
        Stay(sequence);
        return true;
    });

    /// <summary>Those that stopped for a switch so long ago, and were neither released nor told to stay, go on here: whoever wanted them is gone.</summary>
    public Task<bool> StayAfter(TimeSpan lease) => Post(() =>
    {
        var before = Now - lease.TotalSeconds;
        foreach (var sequence in sequences.Values.Where(sequence => sequence.StoppedAt <= before))
            Stay(sequence);
        return true;
    });

    /// <summary>Makes ready for a sequence that is to come.</summary>
    /// <returns>Whether it may come, and its place if this is news.</returns>
    internal Task<(Admission Answer, ArrivingSequence? Arrival)> MakeReady(MigrationOrder order, MigrationOffer offer) => Post<(Admission, ArrivingSequence?)>(() =>
    {
        if (state != WorkerState.Active)
            return (new Admission(AdmissionKind.Refused, $"{identity.Worker} is {state.ToString().ToLowerInvariant()}"), null);
        if (sequences.TryGetValue(order.Request, out var held) && held.Slot.Epoch >= order.Epoch)
            return (new Admission(AdmissionKind.Accepted, "it is here already"), null);
        if (arriving.TryGetValue(order.Request, out var coming))
        {
            if (coming.Order.Epoch >= order.Epoch)
                return (new Admission(AdmissionKind.Accepted, "it is on its way"), null);
            Forget(coming);
        }

        if (offer.Fingerprint is { } other && other != backend.Model.Fingerprint)
            return (new Admission(AdmissionKind.Refused, $"{order.Source} runs another model than {identity.Worker}"), null);
        if (offer.Tokens + 1 >= Math.Min(core.LargestContext, model.MaxPositions))
            return (new Admission(AdmissionKind.TooLarge, $"a context of {offer.Tokens} tokens is too large for {identity.Worker}"), null);
        if (core.Reserve(Wanted(offer)) is not { } blocks)
            return (new Admission(AdmissionKind.Refused, $"{identity.Worker} has no room for {offer.Tokens} tokens"), null);
        var arrival = new ArrivingSequence(order, blocks);
        arriving.Add(order.Request, arrival);
        return (new Admission(AdmissionKind.Accepted, null), arrival);
    });

    /// <summary>Takes a piece of the cache of a sequence that is on its way.</summary>
    internal async Task<PieceOutcome> Import(ArrivingSequence arrival, KvPiece piece)
    {
        var (outcome, written) = await Post<(PieceOutcome Outcome, Task<KvSpan>? Written)>(() =>
        {
            if (!Comes(arrival))
                return (PieceOutcome.Unexpected, null);
            // What is added while it goes on wants room too, and so does what comes last.
            if (!core.TryGrow(arrival.Blocks, piece.End))
                return (PieceOutcome.NoRoom, null);
            core.TryGrow(arrival.Blocks, piece.Computed + PieceTokens);
            return (PieceOutcome.Taken, transfers.Post(() => Comes(arrival) ? transfers.Write(piece, [.. arrival.Blocks.BlockTable]) : Task.FromResult(default(KvSpan))));
        });
        try
        {
            if (written is not null)
                await written;
            return outcome;
        }
        catch (InvalidDataException)
        {
            return PieceOutcome.Damaged;
        }
    }

    /// <summary>It is this worker's now, and goes on in the next iteration; the last piece, if there is one, is read before that.</summary>
    /// <param name="cached">Tokens that are in its blocks, the last piece counted.</param>
    /// <returns>False: nobody waits for it here.</returns>
    internal Task<bool> Adopt(ArrivingSequence arrival, Departure departure, int cached)
    {
        var order = arrival.Order;
        var (moving, last) = (departure.State, departure.Last);
        var work = moving.Work with { Epoch = order.Epoch };
        var keys = KeysOf(work);
        var grammar = GrammarOf(work.Options, work);
        return Post(() =>
        {
            if (!Comes(arrival))
            {
                Leave(arrival);
                return false;
            }

            if (sequences.TryGetValue(order.Request, out var held))
            {
                if (held.Slot.Epoch >= order.Epoch)
                {
                    Forget(arrival);
                    return false;
                }

                Remove(held);
            }

            arriving.Remove(order.Request);
            if (last is { Tokens: > 0 } && !TryImport(last, arrival.Blocks))
                cached = Math.Min(cached, last.First); // it is computed again here
            var slot = core.Adopt(arrival.Blocks, moving with { Work = work }, cached, keys, Now);
            var sequence = new ServedSequence(model, slot, work, keys, grammar) { FirstTokenAt = departure.FirstTokenAt, ResumedFrom = null };
            sequences.Add(work.Request, sequence);
            if (!moving.IsParked)
                GoOn(sequence);
            events.Writer.TryWrite(DeviceEvent.RoomChanged.Instance);
            return true;
        });
    }

    /// <summary>Puts a sequence into the batching loop whose first tokens were fetched from another worker.</summary>
    internal Task<Admission> Admit(SequenceWork work, ArrivingSequence arrival, int cached)
    {
        var keys = KeysOf(work);
        var grammar = GrammarOf(work.Options, work);
        return Post(() =>
        {
            if (!Comes(arrival))
                return LeaveAndAdmit(work, arrival, keys, grammar);
            if (MayAdmit(work) is { } refusal)
            {
                Forget(arrival);
                return refusal;
            }

            arriving.Remove(work.Request);
            Serve(work, core.Admit(arrival.Blocks, StartOf(work, keys), cached, Now), keys, grammar);
            return new Admission(AdmissionKind.Accepted, null);
        });
    }

    // Its blocks were wanted meanwhile: it is computed anew. One that was called off is not here at all.
    private Admission LeaveAndAdmit(SequenceWork work, ArrivingSequence arrival, BlockKeys? keys, SegmentGrammar? grammar)
    {
        if (!Leave(arrival))
            return new Admission(AdmissionKind.Refused, "it was called off");
        if (MayAdmit(work) is { } refusal)
            return refusal;
        Serve(work, core.Admit(StartOf(work, keys), Now), keys, grammar);
        return new Admission(AdmissionKind.Accepted, null);
    }

    /// <summary>It does not come.</summary>
    internal Task<bool> Drop(ArrivingSequence arrival) => Post(() => Leave(arrival));

    // False: it was called off.
    private bool Leave(ArrivingSequence arrival)
    {
        if (!IsExpected(arrival))
            return false;
        Forget(arrival);
        return true;
    }

    private void Stay(ServedSequence sequence)
    {
        core.Stay(sequence.Slot, Now);
        sequence.StoppedAt = null;
    }

    // Its reader has heard some of the segment from the old owner, and nobody here knows how much: it is told all of it, and takes what is new.
    private void GoOn(ServedSequence sequence)
    {
        var end = sequence.Replay();
        if (end is { } over)
            End(sequence, over with { Text = sequence.Text }, sequence.SegmentTokens);
        else
            Send(sequence, sequence.SegmentTokens, sequence.Text, null);
    }

    // The blocks were taken in an earlier iteration, so nothing that was in them is still to be copied away.
    private bool TryImport(KvPiece piece, ExpectedSequence blocks)
    {
        if (piece.End > blocks.Capacity)
            return false;
        var written = transfers.Write(piece, [.. blocks.BlockTable]); // the next step comes after it
        return !written.IsFaulted;
    }

    private int Wanted(MigrationOffer offer) =>
        offer.Phase == SequencePhase.Parked ? offer.Computed : Math.Min(offer.Tokens + PieceTokens, core.LargestContext);

    private ServedSequence? Find(string request, int epoch) =>
        sequences.TryGetValue(request, out var sequence) && sequence.Slot.Epoch == epoch ? sequence : null;

    // One that was preempted may come back in a form that does not travel.
    private ServedSequence? FindMovable(string request, int epoch) =>
        Find(request, epoch) is { Slot.Form: CacheForm.Kv } sequence ? sequence : null;

    // The very same: one that was called off may have been ordered once more under its epoch, and nothing of the first is in the blocks of the second.
    private bool IsExpected(ArrivingSequence arrival) => arriving.TryGetValue(arrival.Order.Request, out var coming) && coming == arrival;

    private bool Comes(ArrivingSequence arrival) => IsExpected(arrival) && !arrival.Blocks.IsDropped;

    private void Forget(ArrivingSequence coming)
    {
        core.Drop(coming.Blocks);
        arriving.Remove(coming.Order.Request);
    }

    // What only the host has comes by way of free blocks of the device.
    private Task<KvPiece?> BeginRead(ServedSequence sequence, int epoch, int first, int most)
    {
        var slot = sequence.Slot;
        sequence.FetchedAt = Now;
        most = Math.Min(most, PieceTokens);
        var stage = default(ExpectedSequence);
        var firstBlock = first / backend.Kv.BlockSize;
        if (first >= slot.DeviceTokens && first < sequence.Whole)
        {
            var end = Math.Min(first + most, sequence.Whole);
            stage = core.Stage(slot, firstBlock, (end + backend.Kv.BlockSize - 1) / backend.Kv.BlockSize - firstBlock);
        }

        return transfers.Post(() => Read(sequence, epoch, first, most, stage));
    }

    private async Task<KvPiece?> Read(ServedSequence sequence, int epoch, int first, int most, ExpectedSequence? stage)
    {
        var slot = sequence.Slot;
        try
        {
            if (FindMovable(slot.Request, epoch) != sequence)
                return null; // released meanwhile
            var end = Math.Min(first + most, stage is null ? Math.Min(slot.DeviceTokens, sequence.Whole) : sequence.Whole);
            if (stage is not null)
                end = Math.Min(end, first / backend.Kv.BlockSize * backend.Kv.BlockSize + stage.Capacity);
            return end <= first
                ? new KvPiece(first, 0, sequence.Whole, [])
                : await transfers.Read(stage is null ? [.. core.BlockTable(slot)] : Table(stage, first / backend.Kv.BlockSize), new KvSpan(first, end - first), sequence.Whole);
        }
        finally
        {
            if (stage is not null)
                Unstage(stage);
        }
    }

    // In commands of its own: the read may have ended on another thread.
    private void Unstage(ExpectedSequence stage) => commands.Writer.TryWrite(new Command<bool>(() =>
    {
        core.Unstage(stage);
        return true;
    }));

    // A table is read from the beginning of the context: what comes before the first of these is not looked at.
    private static int[] Table(ExpectedSequence stage, int firstBlock) => [.. Enumerable.Repeat(stage.BlockTable[0], firstBlock), .. stage.BlockTable];
}
