namespace Pharos.Scheduling.Worker;

/// <summary>Where KV blocks live.</summary>
public enum KvTier
{
    /// <summary>The accelerator's memory: what attention reads.</summary>
    Device,

    /// <summary>The host's memory, separately budgeted: where swapped caches wait.</summary>
    Host,
}

/// <summary>A copy of one whole KV block.</summary>
public readonly record struct BlockCopy(KvTier From, int Source, KvTier To, int Target);
