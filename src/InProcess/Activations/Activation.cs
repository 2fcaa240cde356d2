namespace Pharos.InProcess;

/// <summary>
/// One grain in memory: Activating -> Open -> Closing -> Closed. Requests wait in the mailbox until it is open; what waits when it closes is
/// sent anew and finds, or makes, the next activation.
/// </summary>
internal sealed class Activation : Mailbox, IGrainContext
{
    private enum Phase { Activating, Open, Closing, Closed }

    private readonly List<IStorage> states = [];
    private readonly List<GrainTimer> timers = [];
    private readonly TaskCompletionSource deactivated;
    private readonly CancellationTokenSource ending = new();
    private Phase phase;
    private DeactivationReason? reason;
    private bool closeStarted;
    private ITimer? closeTimeout;
    private long lastUse;
    private DateTimeOffset keepUntil;

    public Activation(Silo silo, GrainTarget target)
        : base(new TurnQueue(silo.Cluster.Pump, silo.Cluster.Quiescence, target.GrainId.ToString(), silo), target.Class.Reentrant)
    {
        Silo = silo;
        deactivated = new TaskCompletionSource(silo.Cluster.Pump.Continuations);
        Target = target;
        lastUse = silo.Cluster.Time.GetTimestamp();
        Streams = new StreamTable(this);
    }

    /// <summary>The activation whose grain is being constructed on this thread; the base class takes its context from here.</summary>
    [field: ThreadStatic]
    public static Activation? UnderConstruction { get; private set; }

    public Silo Silo { get; }
    public GrainTarget Target { get; }
    public GrainId GrainId => Target.GrainId;
    public StreamTable Streams { get; }
    public object? GrainInstance => Instance;
    public IServiceProvider ActivationServices => Silo.Services;
    public Task Deactivated => deactivated.Task;

    // On a silo that has just died nothing starts, though its activations are ended one by one.
    protected override bool IsOpen => phase == Phase.Open && !Silo.IsDead;
    protected override bool IsClosed => phase == Phase.Closed;

    private InProcessCluster Cluster => Silo.Cluster;

    public void Start() => Turns.Post(static self => _ = ((Activation)self!).ActivateAsync(), this);

    public void AddState(IStorage state) => states.Add(state);

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (Gate)
        {
            if (reason is not null || phase == Phase.Closed) return;
            reason = deactivationReason;
            if (phase == Phase.Open) BeginClosing();
            else if (phase == Phase.Activating && deactivationReason.ReasonCode == DeactivationReasonCode.ShuttingDown) Turns.Post(static source => ((CancellationTokenSource)source!).Cancel(), ending);
        }
    }

    /// <summary>The silo's process is gone: no turn runs any more, callers learn it, nothing is cleaned up.</summary>
    public void Kill()
    {
        List<Request> left;
        lock (Gate)
        {
            if (phase == Phase.Closed) return;
            phase = Phase.Closed;
            left = TakeAll(alsoRunning: true);
        }

        Turns.Kill();
        StopTimers();
        Streams.Dispose();
        closeTimeout?.Dispose();
        Cluster.Directory.Remove(this);
        deactivated.TrySetResult();
        foreach (var request in left) request.Fail(new SiloUnavailableException($"{Silo.Name} died while {GrainId} held this request."));
    }

    /// <summary>The others hold its silo for dead: the grain is free to live elsewhere, callers learn it, and this goes on unaware.</summary>
    public void Evict()
    {
        List<Request> known;
        lock (Gate) known = Everything();
        Cluster.Directory.Forget(this);
        foreach (var call in known.OfType<Call>()) call.Fail(new SiloUnavailableException($"{Silo.Name} was declared dead while {GrainId} held this request."));
    }

    public void DelayDeactivation(TimeSpan span)
    {
        lock (Gate) keepUntil = span < TimeSpan.Zero ? default : Cluster.Time.GetUtcNow() + (span > TimeSpan.FromDays(36500) ? TimeSpan.FromDays(36500) : span);
    }

    /// <summary>Ends the activation if nobody has used it for its age limit.</summary>
    public void CollectIfIdle()
    {
        var limit = Target.Class.AgeLimit ?? Cluster.Options.CollectionAge;
        lock (Gate)
        {
            if (phase != Phase.Open || reason is not null || !IsQuiet) return;
            if (Cluster.Time.GetElapsedTime(lastUse) < limit || Cluster.Time.GetUtcNow() < keepUntil) return;
        }

        Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"Not used for {limit}."));
    }

    public IGrainTimer AddTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var timer = new GrainTimer(this, callback, Cluster, options);
        lock (Gate)
        {
            if (phase is Phase.Closing or Phase.Closed) return timer;
            timers.Add(timer);
        }

        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public void RemoveTimer(GrainTimer timer)
    {
        lock (Gate) timers.Remove(timer);
    }

    protected override void OnDone(Request request)
    {
        if (request.CountsAsUse) lastUse = Cluster.Time.GetTimestamp();
        if (phase == Phase.Closing && RunningCount == 0) PostClose();
    }

    private async Task ActivateAsync()
    {
        try
        {
            UnderConstruction = this;
            try
            {
                Instance = Target.Class.Constructor.Create(this);
            }
            finally
            {
                UnderConstruction = null;
            }

            foreach (var state in states) await state.ReadStateAsync(ending.Token);
            await ((IGrainBase)Instance).OnActivateAsync(ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The silo stops: who waits goes to another.
            await FinishAsync(null);
            return;
        }
        catch (Exception exception)
        {
            Cluster.Log.LogWarning(exception, "Activating {Grain} on {Silo} failed", GrainId, Silo.Name);
            await FinishAsync(exception);
            return;
        }

        lock (Gate)
        {
            if (phase != Phase.Activating) return;
            phase = Phase.Open;
            if (reason is not null) BeginClosing();
            else StartWaiting();
        }
    }

    // Under Gate.
    private void BeginClosing()
    {
        phase = Phase.Closing;
        StopTimers();
        Streams.Abort();
        if (RunningCount == 0)
        {
            PostClose();
            return;
        }

        closeTimeout = Cluster.Time.CreateDetachedTimer(static self => self.OnCloseTimeout(), this, Cluster.Options.DeactivationTimeout, Timeout.InfiniteTimeSpan);
    }

    private void OnCloseTimeout()
    {
        Cluster.Log.LogWarning("{Grain} on {Silo} is deactivated although requests still run after {Timeout}", GrainId, Silo.Name, Cluster.Options.DeactivationTimeout);
        lock (Gate) PostClose();
    }

    // Under Gate.
    private void PostClose()
    {
        if (closeStarted) return;
        closeStarted = true;
        closeTimeout?.Dispose();
        Turns.Post(static self => _ = ((Activation)self!).CloseAsync(), this);
    }

    private async Task CloseAsync()
    {
        using var limit = new CancellationTokenSource(Cluster.Options.DeactivationTimeout, Cluster.Time);
        try
        {
            await ((IGrainBase)Instance!).OnDeactivateAsync(reason!.Value, limit.Token);
        }
        catch (Exception exception)
        {
            Cluster.Log.LogWarning(exception, "OnDeactivateAsync of {Grain} on {Silo} failed", GrainId, Silo.Name);
        }

        await FinishAsync(null);
    }

    /// <summary>Leaves the directory; those who wait are answered with <paramref name="failure"/> or sent on.</summary>
    private async Task FinishAsync(Exception? failure)
    {
        List<Request> left;
        lock (Gate)
        {
            if (phase == Phase.Closed) return;
            phase = Phase.Closed;
            Cluster.Directory.Remove(this);
            left = TakeAll(alsoRunning: false);
        }

        StopTimers();
        Streams.Dispose();
        foreach (var request in left)
        {
            if (failure is not null) request.Fail(failure);
            else if (request is Call call) Cluster.Pump.Deliver(call);
        }

        try
        {
            if (Instance is IAsyncDisposable asyncDisposable) await asyncDisposable.DisposeAsync();
            else (Instance as IDisposable)?.Dispose();
        }
        catch (Exception exception)
        {
            Cluster.Log.LogWarning(exception, "Disposing {Grain} on {Silo} failed", GrainId, Silo.Name);
        }

        deactivated.TrySetResult();
    }

    private void StopTimers()
    {
        GrainTimer[] all;
        lock (Gate)
        {
            all = [.. timers];
            timers.Clear();
        }

        foreach (var timer in all) timer.Dispose();
    }
}
