namespace Pharos.InProcess;

/// <summary>A timer whose ticks are requests of its activation; the next period begins when a tick's callback has ended.</summary>
internal sealed class GrainTimer : Request, IGrainTimer
{
    private readonly Activation activation;
    private readonly Func<CancellationToken, Task> callback;
    private readonly InProcessCluster cluster;
    private readonly CancellationTokenSource stopped = new();
    private readonly ITimer timer;
    private readonly Lock gate = new();
    private TimeSpan dueTime;
    private TimeSpan period;
    private bool ticking;
    private bool changed;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, InProcessCluster cluster, GrainTimerCreationOptions options)
    {
        this.activation = activation;
        this.callback = callback;
        this.cluster = cluster;
        Interleaves = options.Interleave;
        CountsAsUse = options.KeepAlive;
        timer = cluster.Time.CreateDetachedTimer(static self => self.OnDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        lock (gate)
        {
            this.dueTime = dueTime;
            this.period = period;
            changed = true;
            if (!ticking && !stopped.IsCancellationRequested) timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        timer.Dispose();
        activation.RemoveTimer(this);
        stopped.Cancel();
    }

    public override void Arrive()
    {
        if (!activation.TryEnqueue(this)) Dispose();
    }

    public override async ValueTask RunAsync(Mailbox mailbox)
    {
        // One that waited for a turn which disposed of the timer runs all the same, with a cancelled token, as on Orleans.
        lock (gate) changed = false;
        try
        {
            await callback(stopped.Token);
        }
        catch (Exception exception)
        {
            if (!stopped.IsCancellationRequested) cluster.Log.LogWarning(exception, "A timer of {Grain} failed; it goes on", activation.GrainId);
            if (exception is InconsistentStateException { Writer: { } writer } && ReferenceEquals(writer, activation))
            {
                activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, exception, "Its state was written by someone else."));
            }
        }

        lock (gate)
        {
            ticking = false;
            if (!stopped.IsCancellationRequested) timer.Change(changed ? dueTime : period, Timeout.InfiniteTimeSpan);
        }
    }

    public override void Fail(Exception exception) => Dispose();

    public override string ToString() => $"timer of {activation.GrainId}";

    private void OnDue()
    {
        lock (gate)
        {
            if (ticking || stopped.IsCancellationRequested) return;
            ticking = true;
        }

        cluster.Pump.Deliver(this);
    }

    private static void Check(TimeSpan span, string name)
    {
        if (span != Timeout.InfiniteTimeSpan && (span < TimeSpan.Zero || span.TotalMilliseconds > uint.MaxValue - 1))
        {
            throw new ArgumentOutOfRangeException(name, span, "A time from zero to 49 days, or Timeout.InfiniteTimeSpan, was expected.");
        }
    }
}
