using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Worker;

/// <summary>Admission of a sequence to a device.</summary>
/// <param name="Tokens">Context tokens known, all still to be computed.</param>
/// <param name="SegmentStart">Tokens from here on belong to the running segment.</param>
/// <param name="Keys">What the full blocks of the context hold, each key standing for all tokens up to its block's end; the caller adds to it as
/// tokens come. Null: its cache is its own.</param>
/// <param name="ToolSeconds">Its tools took so far, wherever it was: that is not waiting.</param>
/// <param name="Generated">Tokens of the context that were generated, wherever it was.</param>
/// <param name="Objective">What its client may expect; null: what the worker's requests may in general.</param>
public sealed record SequenceStart(
    string Request, int Epoch, double ArrivalAt, int Priority, int Tokens, int SegmentStart, SegmentForecast Forecast,
    IReadOnlyList<UInt128>? Keys = null, double ToolSeconds = 0, int Generated = 0, string Tenant = "", ServiceObjective? Objective = null);

/// <summary>
/// One sequence of a device: what it knows, what of it is in the cache, and where. The cache is a prefix of the context. The device holds the
/// first blocks of it; the host tier may hold any of its blocks, as the only copy or as a second one.
/// </summary>
public sealed class SequenceSlot
{
    internal const int NoBlock = -1, Unweighed = int.MinValue / 4;

    internal readonly BlockList DeviceBlocks; // [block of the context] from the first on
    internal readonly BlockList HostBlocks; // [block of the context], NoBlock where the host has none
    private readonly int blockSize;
    private readonly IReadOnlyList<UInt128>? keys;

    internal SequenceSlot(int id, int blockSize, BlockListPool pool, SequenceStart start, TenantMeter meter, double now)
    {
        (DeviceBlocks, HostBlocks) = (new BlockList(pool), new BlockList(pool));
        this.blockSize = blockSize;
        Id = id;
        Request = start.Request;
        Tenant = start.Tenant;
        Meter = meter;
        Epoch = start.Epoch;
        ArrivalAt = start.ArrivalAt;
        Priority = start.Priority;
        Length = start.Tokens;
        SegmentStart = start.SegmentStart;
        Forecast = start.Forecast;
        ToolSeconds = start.ToolSeconds;
        TotalGenerated = start.Generated;
        Objective = start.Objective;
        keys = start.Keys;
        QueuedAt = HeldSince = now;
    }

    /// <summary>Owner id in the block ledger.</summary>
    public int Id { get; }

    public string Request { get; }

    public string Tenant { get; }

    /// <summary>Its tenant's.</summary>
    internal TenantMeter Meter { get; }

    public int Epoch { get; internal set; }

    public double ArrivalAt { get; }

    /// <summary>Lower is sooner.</summary>
    public int Priority { get; }

    public SequencePhase Phase { get; internal set; }

    /// <summary>Tokens known: prompt, results, and everything sampled.</summary>
    public int Length { get; internal set; }

    /// <summary>Tokens whose keys and values exist, on the device or in the host tier.</summary>
    public int Computed { get; internal set; }

    /// <summary>Absolute position where the running segment's generated tokens begin.</summary>
    public int SegmentStart { get; internal set; }

    public SegmentForecast Forecast { get; internal set; }

    /// <summary>What its client may expect; null: what the worker's requests may in general.</summary>
    public ServiceObjective? Objective { get; internal set; }

    /// <summary>What was decided at the pause it is in; null outside of one.</summary>
    public PauseReceipt? Receipt { get; internal set; }

    /// <summary>When it was parked last, seconds.</summary>
    public double ParkedAt { get; internal set; }

    /// <summary>When it began to wait for this segment, seconds.</summary>
    public double QueuedAt { get; internal set; }

    /// <summary>When an iteration first ran this segment; null before.</summary>
    public double? StartedAt { get; internal set; }

    /// <summary>Context tokens that were in the cache when the segment began.</summary>
    public int CachedAtStart { get; internal set; }

    /// <summary>Device memory held over time since the last segment ended, token-seconds.</summary>
    public double KvTokenSeconds { get; internal set; }

    public int Preemptions { get; internal set; }

    /// <summary>How long its turn, when it came last, waited for copies from the host; null where there were none to make.</summary>
    public double? SwapInSeconds { get; internal set; }

    /// <summary>What its cache holds; changes only while there is no cache.</summary>
    public CacheForm Form { get; internal set; }

    /// <summary>Tokens a block of its cache.</summary>
    public int TokensPerBlock => blockSize * Form.Density();

    /// <summary>Tokens of the cache that are on the device.</summary>
    public int DeviceTokens => Math.Min(Computed, DeviceBlocks.Count * TokensPerBlock);

    /// <summary>Tokens of the cache that only the host tier has.</summary>
    public int HostTokens => Computed - DeviceTokens;

    /// <summary>Names of its full blocks, see <see cref="SequenceStart"/>; caches of keys and values alone are shared.</summary>
    internal IReadOnlyList<UInt128>? Keys => Form == CacheForm.Kv ? keys : null;

    /// <summary>Blocks, from the first on, that others can find or that hold the same as one that can be found.</summary>
    internal int Published { get; set; }

    /// <summary>Tokens that its owner guesses to follow.</summary>
    internal int DraftsOffered { get; set; }

    internal int DraftsAccepted { get; set; }

    /// <summary>Share of guesses that is expected to hold.</summary>
    internal double Acceptance { get; set; } = Speculation.PriorAcceptance;

    internal double HeldSince { get; set; }

    /// <summary>KV tokens of the batch it left when it paused.</summary>
    internal long PausedBeside { get; set; }

    /// <summary>KV tokens of what ran when its segment began to wait.</summary>
    internal long QueuedBeside { get; set; }

    /// <summary>Seconds that its tools took, over all its segments.</summary>
    public double ToolSeconds { get; internal set; }

    /// <summary>What was known of the tool when it was called.</summary>
    internal ToolForecast? Tool { get; set; }

    /// <summary>When the tool was last expected to return, seconds.</summary>
    internal double ReturnAt { get; set; }

    /// <summary>Until when the pause policy wanted its cache kept, seconds.</summary>
    internal double KeptUntil { get; set; }

    /// <summary>When that is thought over again, seconds.</summary>
    internal double ReturnStaleAt { get; set; }

    /// <summary>Blocks that the host tier has.</summary>
    internal int HostCount { get; set; }

    /// <summary>Where mirroring goes on, towards the front; below 0 when all that the device has is in the host tier too.</summary>
    internal int MirrorNext { get; set; } = NoBlock;

    /// <summary>When the copies of its cache are back on the device, seconds.</summary>
    internal double LoadedAt { get; set; }

    /// <summary>Tokens computed at least once: what is computed again below it is recomputation.</summary>
    internal int HighWater { get; set; }

    /// <summary>What its policy said when it reviewed the pause last.</summary>
    internal PauseReview Review { get; set; }

    /// <summary>What its policy said when memory was needed last.</summary>
    internal double EvictionRank { get; set; }

    /// <summary>Rounds passed over before it joined the queue last.</summary>
    internal int PassedBefore { get; set; }

    /// <summary>Round in which it joined the queue; below 0 while it does not wait there.</summary>
    internal long QueuedInRound { get; set; } = -1;

    /// <summary>Iteration in which it gave way by rank.</summary>
    internal long DisplacedIn { get; set; } = -1;

    internal int Tier { get; set; }

    internal double Score { get; set; }

    internal long ScoredAt { get; set; }

    /// <summary>Its place in the heap of the queue.</summary>
    internal int QueueIndex { get; set; } = -1;

    /// <summary>Segments that ended here.</summary>
    internal int Segment { get; set; }

    internal int TotalGenerated { get; set; }

    internal double ServiceSeconds { get; set; }

    internal int ServiceIterations { get; set; }

    /// <summary>When the last iteration that ran it was planned; null for one that never ran.</summary>
    internal double? RanAt { get; set; }

    /// <summary>When the last token of the segment was out, seconds.</summary>
    internal double TokenAt { get; set; }

    /// <summary>The segment's first token came after its objective.</summary>
    internal bool FirstWasLate { get; set; }

    /// <summary>Gaps between the segment's tokens that were longer than its objective.</summary>
    internal int LateGaps { get; set; }

    /// <summary>Tokens to come of the segment, and token-seconds of memory that the whole request still takes, as they were forecast last.</summary>
    internal double TokensLeft { get; set; }

    internal double MemoryTimeLeft { get; set; }

    /// <summary>Until then it is not taken off the device for others, seconds.</summary>
    internal double StaysUntil { get; set; }

    /// <summary>Tokens that it had and held then; far below 0: never.</summary>
    internal int WeighedAt { get; set; } = Unweighed;

    internal int Pending => Length - Computed;

    /// <summary>Blocks that hold so much of its context.</summary>
    internal int BlocksFor(int tokens) => (tokens + TokensPerBlock - 1) / TokensPerBlock;

    internal bool OnHost(int block) => block < HostBlocks.Count && HostBlocks[block] != NoBlock;
}
