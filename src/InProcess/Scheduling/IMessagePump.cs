namespace Pharos.InProcess;

/// <summary>
/// The one place that decides when something happens: the arrival of a message, and the turns of an activation. Nothing else in this host starts
/// work of its own, so that a pump with one thread and a seed makes a whole cluster repeatable.
/// </summary>
public interface IMessagePump
{
    /// <summary>A message is on its way; the pump calls <see cref="IDelivery.Arrive"/> now or later, on any thread.</summary>
    void Deliver(IDelivery message);

    /// <summary>There are turns to run; the pump calls <see cref="ITurnQueue.RunTurns"/> now or later, never twice at once for the same queue.</summary>
    void Schedule(ITurnQueue turns);

    /// <summary>
    /// How outcomes are handed to those who await them: <see cref="TaskCreationOptions.RunContinuationsAsynchronously"/> where code outside grains
    /// would otherwise run in a grain's turn; None where the pump runs that code itself, since Task.WhenAll would else leave its thread.
    /// </summary>
    TaskCreationOptions Continuations { get; }

    /// <summary>Gives work that turns have handed to the thread pool (channels do) a chance to come back, before the cluster is called idle.</summary>
    Task SettleAsync();
}

/// <summary>A message under way.</summary>
public interface IDelivery
{
    void Arrive();
}

/// <summary>The turns of one activation or observer.</summary>
public interface ITurnQueue : IThreadPoolWorkItem
{
    /// <summary>Whose turns they are, for traces.</summary>
    string Name { get; }

    /// <summary>Runs up to <paramref name="most"/> turns.</summary>
    /// <returns>True when more are waiting: the pump has to schedule the queue again.</returns>
    bool RunTurns(int most);
}
