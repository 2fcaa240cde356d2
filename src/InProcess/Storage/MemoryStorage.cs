using System.Collections.Concurrent;

namespace Pharos.InProcess;

/// <summary>
/// The cluster's stored states. It stands for a server beside the silos: it outlives them, and knows nothing of the objects that were stored but
/// copies.
/// </summary>
internal sealed class MemoryStorage(TimeProvider time, TimeSpan? expiry)
{
    private readonly ConcurrentDictionary<(string Storage, string State, GrainId Grain), Record> records = new();
    private long version;

    /// <summary>What is stored and its etag.</summary>
    public sealed record Record(object? State, string Etag, DateTimeOffset WrittenAt);

    public int Count => records.Count(entry => !IsExpired(entry.Value));

    public Record? Read(string storage, string state, GrainId grain)
    {
        var key = (storage, state, grain);
        if (records.GetValueOrDefault(key) is not { } record) return null;
        if (!IsExpired(record)) return record;
        records.TryRemove(KeyValuePair.Create(key, record));
        return null;
    }

    /// <returns>The new etag.</returns>
    /// <exception cref="InconsistentStateException">Someone else wrote since <paramref name="etag"/>.</exception>
    public string Write(string storage, string state, GrainId grain, object? value, string? etag)
    {
        var key = (storage, state, grain);
        var record = new Record(value, Interlocked.Increment(ref version).ToString(System.Globalization.CultureInfo.InvariantCulture), time.GetUtcNow());
        var stored = Read(storage, state, grain);
        if (stored?.Etag != etag || !(stored is null ? records.TryAdd(key, record) : records.TryUpdate(key, record, stored))) throw Conflict("write", key, stored, etag);
        return record.Etag;
    }

    /// <exception cref="InconsistentStateException">Someone else wrote since <paramref name="etag"/>.</exception>
    public void Clear(string storage, string state, GrainId grain, string? etag)
    {
        var key = (storage, state, grain);
        var stored = Read(storage, state, grain);
        if (stored?.Etag != etag || (stored is not null && !records.TryRemove(KeyValuePair.Create(key, stored)))) throw Conflict("clear", key, stored, etag);
    }

    private bool IsExpired(Record record) => expiry is { } age && time.GetUtcNow() - record.WrittenAt > age;

    private static InconsistentStateException Conflict(string what, (string Storage, string State, GrainId Grain) key, Record? stored, string? etag) =>
        new($"Could not {what} the state '{key.State}' of {key.Grain} in '{key.Storage}': it was written by someone else.", stored?.Etag, etag);
}
