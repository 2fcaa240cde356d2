namespace Pharos.InProcess;

/// <summary>
/// A silo that the others hold for dead while it is only slow: its grains have new activations elsewhere, its own go on with what they know
/// once it runs again, until it learns of its death.
/// </summary>
public sealed class EvictedSilo
{
    private readonly Silo silo;

    internal EvictedSilo(Silo silo) => this.silo = silo;

    public string Name => silo.Name;

    /// <summary>It runs again, not knowing that it is no member any more.</summary>
    public void Resume() => silo.Resume();

    /// <summary>It has learnt of it and ends.</summary>
    public Task KillAsync() => silo.KillAsync();
}
