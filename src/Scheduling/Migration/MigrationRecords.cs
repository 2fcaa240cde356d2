using System.Collections.Immutable;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Migration;

/// <summary>Why a sequence moves to another worker.</summary>
[GenerateSerializer, Alias("pharos.migration-reason")]
public enum MigrationReason
{
    /// <summary>An operator wants it there.</summary>
    Operator,

    /// <summary>Its worker takes nothing new and is to be empty.</summary>
    Drain,

    /// <summary>Its worker has more memory-time to serve than the other.</summary>
    Balance,

    /// <summary>Together they have room for what waits, none of them alone.</summary>
    Fragmentation,

    /// <summary>Its tool has returned, and its turn is on another worker than the one that has its cache.</summary>
    Return,
}

/// <summary>A request's word to the worker that is to have it: fetch it from where it is.</summary>
/// <param name="Epoch">Under which the new owner will have it; void until the request agrees to the switch.</param>
/// <param name="SourceEpoch">Under which <paramref name="Source"/> has it.</param>
[GenerateSerializer, Alias("pharos.migration-order")]
public sealed record MigrationOrder(
    [property: Id(0)] string Request, [property: Id(1)] int Epoch, [property: Id(2)] string Source, [property: Id(3)] int SourceEpoch,
    [property: Id(4)] MigrationReason Reason);

/// <summary>What a worker says of a sequence that is to leave it.</summary>
/// <param name="Tokens">Tokens of its context.</param>
/// <param name="Computed">Of these, those whose keys and values exist, on the device or in the host tier.</param>
/// <param name="Fingerprint">Of the model they are of.</param>
[GenerateSerializer, Alias("pharos.migration-offer")]
public sealed record MigrationOffer([property: Id(0)] SequencePhase Phase, [property: Id(1)] int Tokens, [property: Id(2)] int Computed,
    [property: Id(3)] string? Fingerprint = null);

/// <summary>A piece of a cache on its way: consecutive tokens.</summary>
/// <param name="Tokens">How many; 0: none could be read just now.</param>
/// <param name="Computed">Tokens that the source has in all by now.</param>
/// <param name="Chunk">Keys and values with a checksum, in the canonical form of the backends; empty where there are no tokens. Never written to: an
/// array, since a serialiser may take an <see cref="ImmutableArray{T}"/> of bytes element by element.</param>
[GenerateSerializer, Immutable, Alias("pharos.kv-piece")]
public sealed record KvPiece(
    [property: Id(0)] int First, [property: Id(1)] int Tokens, [property: Id(2)] int Computed, [property: Id(3)] byte[] Chunk)
{
    public int End => First + Tokens;
}

/// <summary>
/// All that a worker knows of a sequence, as it goes to another. The sampler's position, the held-back text, the state of a grammar and what is
/// guessed ahead follow from the tokens and the options, so the tokens are their exact state. Times are Unix seconds.
/// </summary>
/// <param name="Work">As if it were placed anew: all tokens, and the options, limits and reader of the running segment.</param>
/// <param name="Computed">Tokens whose keys and values exist.</param>
/// <param name="HighWater">Tokens computed at least once.</param>
/// <param name="Receipt">What was decided at the pause it is in; null: it is in none, and has stopped for the move.</param>
/// <param name="Tool">What was known of the tool when it was called.</param>
/// <param name="KvTokenSeconds">Memory-time held on devices since its last segment ended.</param>
/// <param name="Acceptance">Share of guessed tokens that is expected to hold.</param>
[GenerateSerializer, Alias("pharos.moving-sequence")]
public sealed record MovingSequence(
    [property: Id(0)] SequenceWork Work,
    [property: Id(1)] int Computed,
    [property: Id(2)] int HighWater,
    [property: Id(3)] PauseReceipt? Receipt,
    [property: Id(4)] ToolForecast? Tool,
    [property: Id(5)] double ParkedAt,
    [property: Id(6)] double KeptUntil,
    [property: Id(7)] double QueuedAt,
    [property: Id(8)] double? StartedAt,
    [property: Id(9)] double? RanAt,
    [property: Id(10)] int CachedAtStart,
    [property: Id(11)] double KvTokenSeconds,
    [property: Id(12)] int Preemptions,
    [property: Id(13)] int Segment,
    [property: Id(14)] int TotalGenerated,
    [property: Id(15)] double ServiceSeconds,
    [property: Id(16)] int ServiceIterations,
    [property: Id(17)] double Acceptance,
    [property: Id(18)] long PausedBeside,
    [property: Id(19)] long QueuedBeside)
{
    public bool IsParked => Receipt is not null;
}

/// <summary>A sequence as it leaves: its state, and the last piece of its cache.</summary>
/// <param name="Last">Null where none could be read with it.</param>
/// <param name="FirstTokenAt">When the running segment's first token was sampled, Unix seconds; null before it.</param>
[GenerateSerializer, Alias("pharos.departure")]
public sealed record Departure([property: Id(0)] MovingSequence State, [property: Id(1)] KvPiece? Last, [property: Id(2)] double? FirstTokenAt);
