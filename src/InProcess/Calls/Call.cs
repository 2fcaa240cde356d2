using System.Diagnostics;

namespace Pharos.InProcess;

/// <summary>A call without a result.</summary>
internal readonly struct NoResult;

/// <summary>One call under way: from the caller's copy of the arguments to the outcome.</summary>
internal abstract class Call(GrainFactory caller, CallTarget target) : Request
{
    // Links of the list of calls that share a timeout.
    public Call? Previous;
    public Call? Next;
    public long StartedAt;

    private readonly Activity? activity = Activity.Current;
    private DeadlineList? deadlines;
    private CancellationTokenRegistration cancelledByCaller;

    public GrainFactory Caller => caller;
    public CallTarget Target => target;

    /// <summary>For error messages and traces.</summary>
    public abstract string MethodName { get; }

    /// <summary>False for messages about something that a new activation would not have.</summary>
    public virtual bool MayActivate => true;

    public void Send(TimeSpan timeout, CancellationToken cancellation)
    {
        if (caller.Silo is { IsDead: true } silo)
        {
            Fail(new SiloUnavailableException($"{MethodName} was not sent: the caller's silo {silo.Name} is gone."));
            return;
        }

        if (timeout != Timeout.InfiniteTimeSpan)
        {
            deadlines = caller.Cluster.Deadlines.For(timeout);
            deadlines.Add(this);
        }

        if (cancellation.CanBeCanceled) cancelledByCaller = cancellation.UnsafeRegister(static (call, token) => ((Call)call!).OnCancelled(token), this);
        if (caller.Cluster.Options.Network is { } network) SendOver(network);
        else caller.Cluster.Pump.Deliver(this);
    }

    public sealed override void Arrive()
    {
        if (IsOver) return;
        try
        {
            target.Dispatch(this);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    public void OnTimeout(TimeSpan timeout)
    {
        var ahead = Mailbox is { } mailbox ? $"; {mailbox.WaitingCount} requests wait in its mailbox" : "";
        Fail(new TimeoutException($"No response from {target.GrainId} to {MethodName} within {timeout}{ahead}. A grain that waits for its own caller never answers: see [AlwaysInterleave]."));
        Withdraw();
    }

    /// <summary>The arguments, as they travel.</summary>
    protected virtual IReadOnlyList<object?> Said => [];

    /// <summary>The same message once more, its answer awaited by nobody; null where that makes no sense.</summary>
    protected virtual Call? Double() => null;

    /// <summary>What happens is not told to the caller.</summary>
    protected bool AnswerIsLost { get; private set; }

    private void SendOver(INetwork network)
    {
        var fate = network.Send(new MessageInfo(MethodName, caller.Name, caller.Silo?.Status == SiloStatus.Evicted, target.GrainId, this is IStreamFetch, Said));
        if (fate.Outcome == MessageOutcome.IsLost) return;
        AnswerIsLost = fate.Outcome == MessageOutcome.AnswerIsLost;
        var twin = fate.Outcome == MessageOutcome.ArrivesTwice ? Double() : null;
        DeliverIn(fate.Delay);
        twin?.DeliverIn(2 * fate.Delay);
    }

    private void DeliverIn(TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero) caller.Cluster.Pump.Deliver(this);
        else caller.Cluster.Time.CreateDetachedTimer(static call => call.Caller.Cluster.Pump.Deliver(call), this, delay, Timeout.InfiniteTimeSpan);
    }

    public override string ToString() => $"{MethodName} to {target.GrainId}";

    protected void EnterTurn()
    {
        if (activity is not null) Activity.Current = activity;
    }

    protected void Ended()
    {
        deadlines?.Remove(this);
        cancelledByCaller.Unregister();
    }

    /// <summary>The caller has its outcome, be it a cancellation: a message that arrives only now is dropped.</summary>
    protected abstract bool IsOver { get; }

    /// <summary>The caller no longer waits: the target need not start, or may stop.</summary>
    protected abstract void CancelTarget();

    protected abstract void CompleteAsCancelled(CancellationToken token);

    private void OnCancelled(CancellationToken token)
    {
        CompleteAsCancelled(token);
        Withdraw();
    }

    private void Withdraw()
    {
        if (Mailbox is { } mailbox && !mailbox.TryRemove(this)) CancelTarget();
    }
}

/// <summary>A call whose outcome is a <typeparamref name="T"/>.</summary>
internal abstract class Call<T>(GrainFactory caller, CallTarget target) : Call(caller, target)
{
    private readonly TaskCompletionSource<T> outcome = new(caller.Cluster.Pump.Continuations);

    public Task<T> Outcome => outcome.Task;

    protected sealed override bool IsOver => outcome.Task.IsCompleted;

    public sealed override async ValueTask RunAsync(Mailbox mailbox)
    {
        try
        {
            EnterTurn();
            var value = await InvokeAsync(mailbox);
            if (AnswerIsLost) return;
            Ended();
            outcome.TrySetResult(value);
        }
        catch (Exception exception)
        {
            // First the deactivation, so that a caller who tries again meets the next activation.
            if (exception is InconsistentStateException { Writer: { } writer } && ReferenceEquals(writer, mailbox))
            {
                writer.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, exception, "Its state was written by someone else."));
            }

            if (!AnswerIsLost) Fail(exception);
        }
    }

    public override void Fail(Exception exception)
    {
        Ended();
        outcome.TrySetException(exception);
    }

    /// <summary>Does the work as a turn; the result is already a copy for the caller.</summary>
    protected abstract Task<T> InvokeAsync(Mailbox mailbox);

    protected override void CompleteAsCancelled(CancellationToken token)
    {
        Ended();
        outcome.TrySetCanceled(token);
    }
}
