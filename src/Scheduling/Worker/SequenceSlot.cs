using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Worker;

/// <summary>Admission of a sequence to a device.</summary>
/// <param name="Tokens">Context tokens known, all still to be computed.</param>
/// <param name="SegmentStart">Tokens from here on belong to the running segment.</param>
public sealed record SequenceStart(
    string Request, int Epoch, double ArrivalAt, int Priority, int Tokens, int SegmentStart, SegmentForecast Forecast);

/// <summary>One sequence of a device: what it knows, what of it is in the cache, and where.</summary>
public sealed class SequenceSlot
{
    internal readonly List<int> DeviceBlocks = [];
    internal readonly List<int> HostBlocks = [];

    internal SequenceSlot(int id, SequenceStart start, double now)
    {
        Id = id;
        Request = start.Request;
        Epoch = start.Epoch;
        ArrivalAt = start.ArrivalAt;
        Priority = start.Priority;
        Length = start.Tokens;
        SegmentStart = start.SegmentStart;
        Forecast = start.Forecast;
        QueuedAt = HeldSince = now;
    }

    /// <summary>Owner id in the block ledger.</summary>
    public int Id { get; }

    public string Request { get; }

    public int Epoch { get; internal set; }

    public double ArrivalAt { get; }

    /// <summary>Lower is sooner.</summary>
    public int Priority { get; }

    public SequencePhase Phase { get; internal set; }

    /// <summary>Tokens known: prompt, results, and everything sampled.</summary>
    public int Length { get; internal set; }

    /// <summary>Tokens whose keys and values exist, in the tier that <see cref="DeviceBlocks"/> or <see cref="HostBlocks"/> name.</summary>
    public int Computed { get; internal set; }

    /// <summary>Absolute position where the running segment's generated tokens begin.</summary>
    public int SegmentStart { get; internal set; }

    public SegmentForecast Forecast { get; internal set; }

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

    internal double HeldSince { get; set; }

    /// <summary>KV tokens of the batch it left when it paused.</summary>
    internal long PausedBeside { get; set; }

    /// <summary>When the tool is expected to return, seconds; orders evictions.</summary>
    internal double ExpectedReturnAt { get; set; }

    /// <summary>Tokens computed at least once: what is computed again below it is recomputation.</summary>
    internal int HighWater { get; set; }

    /// <summary>What its policy said when it reviewed the pause last.</summary>
    internal PauseReview Review { get; set; }

    internal int PassedOver { get; set; }

    internal int Tier { get; set; }

    internal double Score { get; set; }

    internal long ScoredAt { get; set; } = -1;

    /// <summary>Segments that ended here.</summary>
    internal int Segment { get; set; }

    internal int TotalGenerated { get; set; }

    internal double ServiceSeconds { get; set; }

    internal int ServiceIterations { get; set; }

    /// <summary>When the last iteration that ran it was planned; null for one that never ran.</summary>
    internal double? RanAt { get; set; }

    internal int Pending => Length - Computed;

    internal bool OnHost => HostBlocks.Count > 0;

    public int DeviceTokens => DeviceBlocks.Count > 0 && !OnHost ? Computed : 0;

    public int HostTokens => OnHost ? Computed : 0;
}
