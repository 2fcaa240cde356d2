namespace Pharos.InProcess;

/// <summary>A call of a method that returns once.</summary>
internal sealed class MethodCall<T> : Call<T>
{
    private readonly TaskPlan<T> plan;
    private readonly object?[] arguments;
    private readonly CancellationTokenSource? cancellation;

    public MethodCall(TaskPlan<T> plan, GrainFactory caller, CallTarget target, object?[] arguments, bool cancellable) : base(caller, target)
    {
        this.plan = plan;
        this.arguments = arguments;
        Interleaves = plan.Interleaves;
        ReadOnly = plan.ReadOnly;
        if (!plan.TakesToken) return;

        // The grain gets a token of its own: what it hangs on it runs in its turns, and a late response cancels it too.
        cancellation = cancellable || !plan.OneWay ? new CancellationTokenSource() : null;
        plan.SetToken(arguments, cancellation?.Token ?? default);
    }

    public override string MethodName => plan.Name;

    protected override IReadOnlyList<object?> Said => arguments;

    protected override Call? Double()
    {
        var twin = new MethodCall<T>(plan, Caller, Target, plan.CopyArguments((object?[])arguments.Clone(), Caller.Cluster.Factory), cancellable: false);
        _ = twin.Outcome.ContinueWith(static t => _ = t.Exception, default, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return twin;
    }

    protected override async Task<T> InvokeAsync(Mailbox mailbox)
    {
        if (mailbox is Activation activation) plan.BindReferences(arguments, activation.Silo.GrainFactory);
        var task = TaskPlan<T>.AsTask(plan.Invoker(mailbox.Instance!, arguments));
        if (task is null) return default!;
        var value = await task;
        return plan.SharedResult ? value : DeepCopier.Copy(value, Caller);
    }

    protected override void CancelTarget()
    {
        if (cancellation is not null) Mailbox!.Turns.Post(static source => ((CancellationTokenSource)source!).Cancel(), cancellation);
    }
}
