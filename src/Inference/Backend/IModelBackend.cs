using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Backend;

/// <summary>
/// The device seam. <see cref="WorkerCore"/> plans an iteration, a backend executes it: the CPU engine, a GPU engine, or a device
/// that only lets time pass. Nothing above the seam knows which. The caller owns block ids and reference counts; the backend owns
/// memory and its layout; no pointer or stride crosses the seam.
/// </summary>
/// <remarks>
/// Not thread-safe: one device loop drives one backend.
/// </remarks>
public interface IModelBackend : IAsyncDisposable
{
    /// <summary>What is loaded.</summary>
    ModelShape Model { get; }

    /// <summary>The paged KV cache: the device's blocks and the host tier's.</summary>
    KvShape Kv { get; }

    /// <summary>What one step may hold.</summary>
    BackendLimits Limits { get; }

    /// <summary>
    /// Runs one iteration for the whole batch: writes keys and values of every token to its slot and fills
    /// <paramref name="result"/> for the rows asked for. Long-running work happens on the backend's own threads.
    /// </summary>
    ValueTask ForwardAsync(StepBatch batch, StepResult result, CancellationToken ct);

    /// <summary>
    /// Copies whole blocks within or between the tiers. Steps and copies see each other's effects in the order of the calls: a step that reads or
    /// writes a block waits for the copies it depends on, and for no others, where <see cref="BackendLimits.CopiesBesideSteps"/>.
    /// </summary>
    void CopyBlocks(ReadOnlySpan<BlockCopy> copies);

    /// <summary>What copies between the tiers have cost so far, for the online fit of the cost model.</summary>
    BlockTransfers Transfers { get; }

    /// <summary>
    /// Writes keys and values of <paramref name="span"/>, held in device <paramref name="blocks"/> (the table of the sequence from its beginning), as
    /// one chunk of the canonical form, to be read by <see cref="ImportBlocksAsync"/> of any backend of the same model. A chunk says what it is,
    /// keeps every bit of the cache and carries a checksum; a long cache travels in several.
    /// </summary>
    ValueTask<byte[]> ExportBlocksAsync(ReadOnlyMemory<int> blocks, KvSpan span, CancellationToken ct);

    /// <summary>Reads a chunk that <see cref="ExportBlocksAsync"/> wrote into device <paramref name="blocks"/>.</summary>
    /// <returns>The tokens it held.</returns>
    /// <exception cref="InvalidDataException">The chunk is damaged, or of another model; nothing was written.</exception>
    /// <exception cref="ArgumentException">The blocks do not hold its tokens.</exception>
    ValueTask<KvSpan> ImportBlocksAsync(ReadOnlyMemory<byte> chunk, ReadOnlyMemory<int> blocks, CancellationToken ct);
}

/// <summary>Consecutive tokens of a sequence.</summary>
public readonly record struct KvSpan(int FirstToken, int Tokens);

/// <param name="Blocks">Blocks copied between the tiers since the device was opened.</param>
/// <param name="Seconds">What that takes beside steps, within the bandwidth that copies may use there.</param>
public readonly record struct BlockTransfers(long Blocks, double Seconds);

/// <param name="Name">The name it is served under.</param>
/// <param name="Fingerprint">Hash of the weights and the configuration: caches are exchanged between equal fingerprints only.</param>
/// <param name="MaxPositions">Longest context in tokens, prompt and completion together.</param>
public sealed record ModelShape(
    string Name, string Fingerprint, int Layers, int Heads, int KvHeads, int HeadDim, int HiddenSize, int VocabularySize, int MaxPositions)
{
    /// <summary>Fingerprint of the whole model, of which this may be the first layers.</summary>
    public string WholeFingerprint => Fingerprint.Split('@')[0];

    /// <summary>Bytes of one token in a bf16 cache and its export: layers x 2 x kvHeads x headDim x 2.</summary>
    public int CanonicalBytesPerToken => Layers * 2 * KvHeads * HeadDim * sizeof(ushort);
}

/// <param name="BlockSize">Tokens a block.</param>
/// <param name="DeviceBlocks">Blocks of the device tier, all usable by the caller; ids 0..DeviceBlocks-1.</param>
/// <param name="HostBlocks">Blocks of the host tier, separately budgeted; ids 0..HostBlocks-1.</param>
/// <param name="BytesPerBlock">Bytes of keys and values of one block over all layers.</param>
public sealed record KvShape(int BlockSize, int DeviceBlocks, int HostBlocks, long BytesPerBlock)
{
    /// <summary>Compact forms that sequences may be kept in, besides keys and values.</summary>
    public CacheForm[] CompactForms { get; init; } = [];

    /// <summary>Longest context of a sequence in a compact form, in tokens.</summary>
    public int MaxCompactContext { get; init; }

    /// <summary>Tokens a block of this form.</summary>
    public int TokensPerBlock(CacheForm form) => BlockSize * form.Density();
}

/// <param name="MaxTokens">Most tokens of one step, all sequences together.</param>
/// <param name="MaxSequences">Most sequences of one step.</param>
/// <param name="PreferredChunk">Prefill chunk in tokens at which the device is near its best throughput.</param>
/// <param name="IsBatchInvariant">Logits are bit-identical however a prompt is chunked and whatever else is in the batch.</param>
/// <param name="SamplesTokens">The device fills <see cref="StepResult.Tokens"/> itself; otherwise, and where a row wants its logits, the caller samples from them.</param>
/// <param name="CopiesBesideSteps">Copies between the tiers run beside steps that do not depend on them.</param>
/// <param name="SamplingThreads">Threads with which the caller may choose tokens between two steps: processors that the device leaves idle then.</param>
public sealed record BackendLimits(
    int MaxTokens, int MaxSequences, int PreferredChunk, bool IsBatchInvariant, bool SamplesTokens, bool CopiesBesideSteps, int SamplingThreads = 1)
{
    /// <summary>Layers after which a row's token may be taken, ascending; none: there are no early exits.</summary>
    public int[] ExitLayers { get; init; } = [];

    /// <summary>
    /// Of every so many tokens, counted from a sequence's beginning, the last runs through all layers, and with it all that ended early before it: a
    /// <see cref="Deficit"/> is within one such window, and a whole block has all its keys and values.
    /// </summary>
    public int ExitWindow { get; init; } = 1;
}
