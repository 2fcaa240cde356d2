using System.Collections.Immutable;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

/// <summary>
/// Owns one device: its KV cache and its batching loop. Keyed by <c>POOL/SILO/DEVICE</c> and placed on the silo that has the device.
/// </summary>
[Alias("pharos.worker")]
public interface IWorkerGrain : IGrainWithStringKey
{
    /// <summary>Opens the device if it is not open yet and says what it is.</summary>
    [Alias("open")] Task<WorkerSnapshot> Open();

    /// <summary>Puts a sequence into the batching loop.</summary>
    [ResponseTimeout("00:00:05"), Alias("admit")] Task<Admission> Admit(SequenceWork work);

    /// <summary>Goes on with a sequence parked here, or says that it is not here any more.</summary>
    [ResponseTimeout("00:00:05"), Alias("resume")] Task<Admission> Resume(ResumeWork work);

    /// <summary>Whether the sequence is here under that epoch or a later one.</summary>
    [AlwaysInterleave, Alias("holds")] Task<bool> Holds(string request, int epoch);

    /// <summary>Stops a sequence within one iteration and frees what it holds. Older epochs than the one held are ignored.</summary>
    [AlwaysInterleave, Alias("release")] Task Release(string request, int epoch);

    /// <summary>Fetches a sequence from another worker, in the background, if there is room for it.</summary>
    [ResponseTimeout("00:00:05"), AlwaysInterleave, Alias("receive")] Task<Admission> Receive(MigrationOrder order);

    /// <summary>From the worker that fetches: what there is of a sequence; null: it is not here under that epoch.</summary>
    [ResponseTimeout("00:00:03"), AlwaysInterleave, Alias("offer")] Task<MigrationOffer?> Offer(string request, int epoch);

    /// <summary>Keys and values of at most <paramref name="most"/> tokens from <paramref name="first"/> on; null: it is not here under that epoch.</summary>
    [ResponseTimeout("00:00:03"), AlwaysInterleave, Alias("export")] Task<KvPiece?> Export(string request, int epoch, int first, int most);

    /// <summary>
    /// The sequence's state and the rest of its cache. One that runs stops, until it is released, or told to <see cref="Stay"/>, or nobody has come
    /// back for a while.
    /// </summary>
    [ResponseTimeout("00:00:03"), AlwaysInterleave, Alias("take-leave")] Task<Departure?> TakeLeave(string request, int epoch, int first, int most);

    /// <summary>It goes on here after all.</summary>
    [AlwaysInterleave, Alias("stay")] Task Stay(string request, int epoch);

    /// <summary>The tools that a sequence parked here waits for return in so many seconds. Nothing happens where it is parked no more.</summary>
    [AlwaysInterleave, Alias("expect")] Task Expect(string request, int epoch, double seconds);

    /// <summary>All new tokens of this gateway's sequences: one message an iteration. One stream a gateway; a new one replaces the old.</summary>
    [AlwaysInterleave, Alias("deltas")] IAsyncEnumerable<DeltaBatch> Deltas(string gateway, CancellationToken ct);

    [AlwaysInterleave, Alias("describe")] Task<WorkerSnapshot> Describe();

    /// <summary>Takes no new sequences; parked ones leave, running ones finish.</summary>
    [AlwaysInterleave, Alias("drain")] Task<DrainForecast> Drain(bool on);

    /// <summary>Takes no new sequences; parked ones stay, running ones finish.</summary>
    [AlwaysInterleave, Alias("cordon")] Task<DrainForecast> Cordon();

    /// <summary>Takes no new sequences, and what it has goes on elsewhere: with its cache where there is room for it, else, after a few seconds, from its tokens.</summary>
    [AlwaysInterleave, Alias("evacuate")] Task<DrainForecast> Evacuate();
}

[GenerateSerializer, Alias("pharos.drain-forecast")]
public sealed record DrainForecast(
    [property: Id(0)] string Worker, [property: Id(1)] string State, [property: Id(2)] int Running, [property: Id(3)] int Parked,
    [property: Id(4)] long Bytes, [property: Id(5)] double EtaSeconds);
