namespace Pharos.InProcess;

/// <summary>One enumeration of a grain's sequence.</summary>
internal readonly record struct StreamId(long Number);

/// <summary>A fetch, whatever its elements.</summary>
internal interface IStreamFetch;

/// <summary>Fetches the next elements: waits for one and brings along those that are ready. The first fetch also calls the method.</summary>
internal sealed class StreamFetch<T> : Call<StreamBatch<T>>, IStreamFetch
{
    private readonly StreamPlan<T> plan;
    private readonly StreamId id;
    private readonly object?[]? arguments;
    private readonly int most;

    public StreamFetch(GrainFactory caller, CallTarget target, StreamPlan<T> plan, StreamId id, object?[]? arguments, int most) : base(caller, target)
    {
        this.plan = plan;
        this.id = id;
        this.arguments = arguments;
        this.most = most;
        Interleaves = true;
    }

    public override string MethodName => plan.Name;
    public override bool MayActivate => arguments is not null;

    protected override Task<StreamBatch<T>> InvokeAsync(Mailbox mailbox)
    {
        if (mailbox is not Activation activation) throw new NotSupportedException($"{plan.Name}: observers don't return sequences.");
        if (arguments is not null) activation.Streams.Add(id, Begin(activation));
        if (activation.Streams.Find(id) is ServerStream<T> stream) return stream.FetchAsync(most, plan.SharedResult ? null : value => DeepCopier.Copy(value, Caller));
        throw new EnumerationAbortedException($"{plan.Name} of {Target.GrainId} knows nothing of this enumeration: the activation is a new one, or the enumeration lay unused for too long.");
    }

    protected override void CancelTarget() => Mailbox!.Turns.Post(static self => ((StreamFetch<T>)self!).StopStream(), this);

    private void StopStream() => (Mailbox as Activation)?.Streams.Stop(id);

    private ServerStream<T> Begin(Activation activation)
    {
        var stopping = new CancellationTokenSource();
        plan.SetToken(arguments!, stopping.Token);
        var sequence = (IAsyncEnumerable<T>)plan.Invoker(activation.Instance!, arguments!)!;
        return new ServerStream<T>(activation, sequence.GetAsyncEnumerator(stopping.Token), stopping);
    }
}

/// <summary>The caller is done with an enumeration.</summary>
internal sealed class StreamStop : Call<NoResult>
{
    private readonly string method;
    private readonly StreamId id;

    public StreamStop(GrainFactory caller, CallTarget target, string method, StreamId id) : base(caller, target)
    {
        this.method = method;
        this.id = id;
        Interleaves = true;
    }

    public override string MethodName => method;
    public override bool MayActivate => false;

    protected override async Task<NoResult> InvokeAsync(Mailbox mailbox)
    {
        if (mailbox is Activation activation) await activation.Streams.Stop(id);
        return default;
    }

    protected override void CancelTarget()
    {
    }
}
