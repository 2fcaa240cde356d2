namespace Pharos.InProcess;

/// <summary>Something that waits in a mailbox for its turn: a call or a timer's tick.</summary>
internal abstract class Request : IDelivery
{
    /// <summary>Where it waits or runs; null before it arrived.</summary>
    public Mailbox? Mailbox;

    /// <summary>Runs beside whatever is running.</summary>
    public bool Interleaves;

    /// <summary>Runs beside others that only read.</summary>
    public bool ReadOnly;

    /// <summary>Postpones the idle collection of the activation.</summary>
    public bool CountsAsUse = true;

    public abstract void Arrive();

    /// <summary>Runs as turns of the mailbox's owner. Never throws: failures go to whoever waits for the outcome.</summary>
    public abstract ValueTask RunAsync(Mailbox mailbox);

    /// <summary>Ends it without running (further): the owner is gone.</summary>
    public abstract void Fail(Exception exception);
}
