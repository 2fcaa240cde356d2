namespace Pharos.InProcess;

/// <summary>Where the calls of a reference go.</summary>
internal abstract class CallTarget(GrainId grainId)
{
    public GrainId GrainId { get; } = grainId;

    /// <summary>Puts the request into the target's mailbox, making an activation where there is none.</summary>
    public abstract void Dispatch(Call call);
}

/// <summary>A grain, activated or not.</summary>
internal sealed class GrainTarget(GrainId grainId, GrainClass grainClass) : CallTarget(grainId)
{
    public GrainClass Class => grainClass;

    public override void Dispatch(Call call)
    {
        while (call.Caller.Cluster.Directory.Locate(this, call) is { } activation)
        {
            if (activation.TryEnqueue(call)) return;
        }

        call.Fail(new EnumerationAbortedException($"{GrainId} has no activation any more: its silo died or it was deactivated."));
    }
}

/// <summary>An object outside the grains. One method at a time, like a grain.</summary>
internal sealed class ObserverTarget : CallTarget
{
    private readonly ObserverMailbox mailbox;

    public ObserverTarget(InProcessCluster cluster, GrainId grainId, IGrainObserver observer, Silo? silo) : base(grainId)
    {
        Observer = observer;
        Silo = silo;
        mailbox = new ObserverMailbox(new TurnQueue(cluster.Pump, cluster.Quiescence, grainId.ToString(), silo), observer);
    }

    public IGrainObserver Observer { get; }
    public Silo? Silo { get; }

    public override void Dispatch(Call call)
    {
        if (!mailbox.TryEnqueue(call)) call.Fail(new ClientNotAvailableException(GrainId));
    }

    public void Close() => mailbox.Close(new ClientNotAvailableException(GrainId));

    private sealed class ObserverMailbox : Mailbox
    {
        private bool closed;

        public ObserverMailbox(TurnQueue turns, IGrainObserver observer) : base(turns, reentrant: false) => Instance = observer;

        protected override bool IsOpen => !closed;
        protected override bool IsClosed => closed;

        public void Close(Exception reason)
        {
            List<Request> left;
            lock (Gate)
            {
                closed = true;
                left = TakeAll(alsoRunning: false);
            }

            foreach (var request in left) request.Fail(reason);
        }
    }
}
