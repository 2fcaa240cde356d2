namespace Pharos.Scheduling.Migration;

/// <summary>What happened to a migration.</summary>
public abstract record MigrationEvent
{
    private MigrationEvent()
    {
    }

    /// <summary>The tokens that were asked for from <paramref name="First"/> on are in this worker's blocks, or the first of them.</summary>
    /// <param name="Tokens">0: the source could read none just now.</param>
    /// <param name="Computed">Tokens that the source has in all by now.</param>
    public sealed record Fetched(int First, int Tokens, int Computed) : MigrationEvent;

    /// <summary>The piece from <paramref name="First"/> on was lost on the way or came damaged.</summary>
    public sealed record FetchFailed(int First, string Because) : MigrationEvent;

    /// <summary>The sequence has stopped at its source for the switch, or is parked there, with so many tokens in its cache.</summary>
    /// <param name="LastTokens">Tokens of the piece that came with it, from where it was asked for.</param>
    public sealed record Left(int Computed, int LastTokens) : MigrationEvent;

    /// <summary>The request's answer.</summary>
    /// <param name="Agrees">This worker is the owner now.</param>
    public sealed record OwnerAnswered(bool Agrees, string Because) : MigrationEvent;

    /// <summary>It cannot go on: the source has it no more, somebody is out of reach, or it takes too long.</summary>
    public sealed record Broken(string Because) : MigrationEvent;
}

/// <summary>What a migration wants done.</summary>
public abstract record MigrationEffect
{
    private MigrationEffect()
    {
    }

    /// <summary>Ask the source for tokens of the cache.</summary>
    /// <param name="Attempt">From 1 on; later ones wait a little first.</param>
    public sealed record Fetch(int First, int Most, int Attempt) : MigrationEffect;

    /// <summary>Stop the sequence at its source and take its state, and of its cache what follows <paramref name="First"/>.</summary>
    public sealed record TakeLeave(int First, int Most) : MigrationEffect;

    /// <summary>Ask the request to make this worker the owner.</summary>
    public sealed record AskOwner : MigrationEffect;

    /// <summary>Go on with it here: its first <paramref name="Cached"/> tokens are in the blocks.</summary>
    public sealed record Adopt(int Cached) : MigrationEffect;

    /// <summary>The sequence goes on at its source.</summary>
    public sealed record LetStay : MigrationEffect;

    /// <summary>Free what was taken for it here, and tell the request that it stays.</summary>
    public sealed record Drop(string Because) : MigrationEffect;
}
