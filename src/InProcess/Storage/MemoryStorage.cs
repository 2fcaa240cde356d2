using System.Collections.Concurrent;

namespace Pharos.InProcess;

/// <summary>
/// The cluster's stored states. It stands for a server beside the silos: it outlives them, and knows nothing of the objects that were stored but
/// copies.
/// </summary>
internal sealed class MemoryStorage
{
    private readonly ConcurrentDictionary<(string Storage, string State, GrainId Grain), Record> records = new();
    private long version;

    /// <summary>What is stored and its etag.</summary>
    public sealed record Record(object? State, string Etag);

    public int Count => records.Count;

    public Record? Read(string storage, string state, GrainId grain) => records.GetValueOrDefault((storage, state, grain));

    /// <returns>The new etag.</returns>
    /// <exception cref="InconsistentStateException">Someone else wrote since <paramref name="etag"/>.</exception>
    public string Write(string storage, string state, GrainId grain, object? value, string? etag)
    {
        var key = (storage, state, grain);
        var record = new Record(value, Interlocked.Increment(ref version).ToString(System.Globalization.CultureInfo.InvariantCulture));
        var stored = records.GetValueOrDefault(key);
        if (stored?.Etag != etag || !(stored is null ? records.TryAdd(key, record) : records.TryUpdate(key, record, stored))) throw Conflict("write", key, stored, etag);
        return record.Etag;
    }

    /// <exception cref="InconsistentStateException">Someone else wrote since <paramref name="etag"/>.</exception>
    public void Clear(string storage, string state, GrainId grain, string? etag)
    {
        var key = (storage, state, grain);
        var stored = records.GetValueOrDefault(key);
        if (stored?.Etag != etag || (stored is not null && !records.TryRemove(KeyValuePair.Create(key, stored)))) throw Conflict("clear", key, stored, etag);
    }

    private static InconsistentStateException Conflict(string what, (string Storage, string State, GrainId Grain) key, Record? stored, string? etag) =>
        new($"Could not {what} the state '{key.State}' of {key.Grain} in '{key.Storage}': it was written by someone else.", stored?.Etag, etag);
}
