using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Migration;

/// <param name="ChunkTokens">Most tokens of a piece.</param>
/// <param name="Window">Pieces under way at once.</param>
/// <param name="DeltaTokens">The sequence stops for the switch when no more tokens than these are missing; they come with its state.</param>
/// <param name="Attempts">Times that a piece is asked for.</param>
public sealed record MigrationLimits(int ChunkTokens, int Window = 4, int DeltaTokens = 32, int Attempts = 4)
{
    /// <summary>What comes last fits one piece.</summary>
    public static MigrationLimits For(int chunkTokens) => new(chunkTokens, DeltaTokens: Math.Min(32, chunkTokens));
}

/// <summary>
/// The state machine of one migration, at the worker that fetches: <see cref="MigrationPhase"/>. A token's keys and values never change once they
/// are computed, so what was copied while the sequence went on stays good, and only what was added since comes when it stops.
/// </summary>
/// <remarks>
/// As live migration of virtual machines does it (pre-copy, Clark et al., NSDI 2005), and of requests (Llumnix, arXiv 2406.03243); since caches
/// only grow, one round of copying and a delta are enough.
/// </remarks>
public sealed class MigrationCore(MigrationOffer offer, MigrationLimits limits)
{
    private static readonly IReadOnlyList<MigrationEffect> Nothing = [];
    private readonly SortedDictionary<int, Piece> asked = []; // under way, by first token
    private readonly SortedDictionary<int, Piece> gaps = []; // to be asked for again
    private int available = offer.Computed; // at the source
    private int next; // asked for up to here
    private bool hasLeft;

    public MigrationPhase Phase { get; private set; } = MigrationPhase.Copying;

    public bool IsOver => Phase is MigrationPhase.Done or MigrationPhase.Aborted;

    /// <summary>Tokens, from the first on, that are here without a gap.</summary>
    public int Cached => Math.Min(asked.Keys.Append(next).Min(), gaps.Keys.Append(next).Min());

    public IReadOnlyList<MigrationEffect> Begin() => GoOn();

    /// <summary>Takes what happened and says what is to be done; what comes late, or after the end, changes nothing.</summary>
    public IReadOnlyList<MigrationEffect> Handle(MigrationEvent happened) => happened switch
    {
        _ when IsOver => Nothing,
        MigrationEvent.Fetched fetched => Take(fetched),
        MigrationEvent.FetchFailed failed => asked.Remove(failed.First, out var piece) ? Again(failed.First, piece, failed.Because) : Nothing,
        MigrationEvent.Left left when Phase == MigrationPhase.Delta && !hasLeft => Take(left),
        MigrationEvent.OwnerAnswered { Agrees: true } when Phase == MigrationPhase.Switching => Finish(),
        MigrationEvent.OwnerAnswered { Agrees: false } refused when Phase == MigrationPhase.Switching => Abort(refused.Because),
        MigrationEvent.Broken broken => Abort(broken.Because),
        _ => Nothing,
    };

    private IReadOnlyList<MigrationEffect> Take(MigrationEvent.Fetched fetched)
    {
        if (!asked.Remove(fetched.First, out var piece))
            return Nothing;
        available = hasLeft ? Math.Min(available, fetched.Computed) : fetched.Computed; // what the source has lost since is computed again
        var end = Math.Min(fetched.First + piece.Most, fetched.Computed);
        var had = fetched.First + fetched.Tokens;
        if (fetched.Computed < fetched.First + piece.Most)
            next = Math.Min(next, Math.Max(had, end)); // the source has lost some of it since
        if (had >= end)
            return GoOn();
        return fetched.Tokens == 0
            ? Again(fetched.First, piece with { Most = end - fetched.First }, "its cache could not be read")
            : GoOn(gap: (had, new Piece(end - had, 0)));
    }

    private IReadOnlyList<MigrationEffect> Take(MigrationEvent.Left left)
    {
        hasLeft = true;
        available = left.Computed;
        next += left.LastTokens;
        return GoOn();
    }

    private IReadOnlyList<MigrationEffect> Again(int first, Piece piece, string because) =>
        piece.Attempt >= limits.Attempts ? Abort($"after {piece.Attempt} attempts: {because}") : GoOn(gap: (first, piece));

    private IReadOnlyList<MigrationEffect> GoOn((int First, Piece Piece)? gap = null)
    {
        if (gap is { } again)
            gaps[again.First] = again.Piece;
        var effects = new List<MigrationEffect>();
        while (asked.Count < limits.Window && NextPiece() is { } piece)
        {
            asked.Add(piece.First, piece.Piece);
            effects.Add(new MigrationEffect.Fetch(piece.First, piece.Piece.Most, piece.Piece.Attempt));
        }

        if (asked.Count > 0)
            return effects;
        if (Phase == MigrationPhase.Copying)
        {
            Phase = MigrationPhase.Delta;
            effects.Add(new MigrationEffect.TakeLeave(next, limits.ChunkTokens));
        }
        else if (Phase == MigrationPhase.Delta && hasLeft)
        {
            Phase = MigrationPhase.Switching;
            effects.Add(new MigrationEffect.AskOwner());
        }

        return effects;
    }

    private (int First, Piece Piece)? NextPiece()
    {
        foreach (var (first, piece) in gaps)
        {
            gaps.Remove(first);
            return (first, piece with { Attempt = piece.Attempt + 1 });
        }

        var left = available - next;
        if (left <= (hasLeft ? 0 : limits.DeltaTokens))
            return null;
        var begin = next;
        next += Math.Min(left, limits.ChunkTokens);
        return (begin, new Piece(next - begin, 1));
    }

    private IReadOnlyList<MigrationEffect> Finish()
    {
        Phase = MigrationPhase.Done;
        return [new MigrationEffect.Adopt(Cached)];
    }

    private IReadOnlyList<MigrationEffect> Abort(string because)
    {
        var stopped = Phase is MigrationPhase.Delta or MigrationPhase.Switching && offer.Phase != SequencePhase.Parked;
        Phase = MigrationPhase.Aborted;
        return stopped ? [new MigrationEffect.LetStay(), new MigrationEffect.Drop(because)] : [new MigrationEffect.Drop(because)];
    }

    private readonly record struct Piece(int Most, int Attempt);
}
