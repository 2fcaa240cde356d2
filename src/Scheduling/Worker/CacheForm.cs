namespace Pharos.Scheduling.Worker;

/// <summary>What a sequence's cache holds of each token and layer. A block of a compact form holds twice as many tokens in the same bytes.</summary>
public enum CacheForm : byte
{
    /// <summary>Keys and values, ready for attention.</summary>
    Kv,

    /// <summary>
    /// The normalised input of the QKV projection; keys and values are rebuilt in each step by one projection (Apt-Serve, arXiv 2504.07494). Exact up to
    /// what the cache rounds. Half the bytes for multi-head attention; nothing is gained from two query heads a key head on.
    /// </summary>
    Hidden,

    /// <summary>Keys and values in 8 bits, each head of each token with a scale of its own; approximate.</summary>
    Int8,
}

public static class CacheForms
{
    /// <summary>Tokens of a block in this form for one token in the form <see cref="CacheForm.Kv"/>.</summary>
    public static int Density(this CacheForm form) => form == CacheForm.Kv ? 1 : 2;
}
