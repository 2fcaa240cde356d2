using System.Collections.Immutable;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Migration;

/// <summary>One sequence that is to move, and why.</summary>
/// <param name="To">Null: no other worker has room for its cache, which is dropped; the request goes on elsewhere from its tokens.</param>
/// <param name="Tokens">Tokens of its cache.</param>
/// <param name="CopySeconds">Expected time to copy them.</param>
/// <param name="GainSeconds">What it takes away of the difference between the two workers, as seconds at full memory; 0 where it moves for another reason.</param>
[GenerateSerializer, Alias("pharos.planned-migration")]
public sealed record PlannedMigration(
    [property: Id(0)] string Request, [property: Id(1)] int Epoch, [property: Id(2)] SequencePhase Phase, [property: Id(3)] string From,
    [property: Id(4)] string? To, [property: Id(5)] MigrationReason Reason, [property: Id(6)] int Tokens, [property: Id(7)] double CopySeconds,
    [property: Id(8)] double GainSeconds, [property: Id(9)] string Because);

/// <summary>What a worker has to serve, before the plan and after it.</summary>
/// <param name="LoadSeconds">Memory-time it has to serve, parked sequences included, as seconds at full memory.</param>
[GenerateSerializer, Alias("pharos.worker-balance")]
public sealed record WorkerBalance(
    [property: Id(0)] string Worker, [property: Id(1)] double LoadSeconds, [property: Id(2)] double LoadSecondsAfter, [property: Id(3)] int FreeTokens,
    [property: Id(4)] int FreeTokensAfter);

/// <summary>Which sequences should move, and what that brings.</summary>
/// <param name="Because">Why there are no more moves.</param>
[GenerateSerializer, Alias("pharos.migration-plan")]
public sealed record MigrationPlan(
    [property: Id(0)] ImmutableArray<PlannedMigration> Moves, [property: Id(1)] ImmutableArray<WorkerBalance> Workers, [property: Id(2)] string Because);
