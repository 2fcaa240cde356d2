namespace Pharos.InProcess;

/// <summary>A sequence that a caller is enumerating, whatever its elements.</summary>
internal abstract class ServerStream
{
    public long LastUse;

    /// <summary>A fetch is waiting for an element.</summary>
    public bool Busy;

    /// <summary>Cancels the sequence and disposes it once it has come to rest. A turn of its activation.</summary>
    public abstract Task StopAsync();

    /// <summary>Fails the fetch that waits, at once; whatever the sequence itself does about it.</summary>
    public abstract void Abort();
}

/// <summary>The grain's end of an enumeration. All of it runs in turns of the activation.</summary>
internal sealed class ServerStream<T>(Activation activation, IAsyncEnumerator<T> source, CancellationTokenSource stopping) : ServerStream
{
    private readonly TaskCompletionSource aborted = new(activation.Silo.Cluster.Pump.Continuations);

    // The MoveNextAsync that is under way: an enumerator allows one at a time, and no disposal during it.
    private Task<bool>? moving;
    private bool stopped;

    public async Task<StreamBatch<T>> FetchAsync(int most, Func<T, T>? copy)
    {
        if (Busy) throw new InvalidOperationException("MoveNextAsync was called again before the one before it had ended.");
        Busy = true;
        try
        {
            return await FetchCoreAsync(most, copy);
        }
        finally
        {
            Busy = false;
            LastUse = activation.Silo.Cluster.Time.GetTimestamp();
        }
    }

    public override void Abort()
    {
        aborted.TrySetResult();
        activation.Turns.Post(static self => _ = ((ServerStream<T>)self!).StopAsync(), this);
    }

    public override async Task StopAsync()
    {
        if (stopped) return;
        stopped = true;
        aborted.TrySetResult();
        stopping.Cancel();
        if (moving is { } last)
        {
            try
            {
                await last;
            }
            catch (Exception)
            {
                // Whoever fetched has seen it, or nobody waits for it any more.
            }
        }

        try
        {
            await source.DisposeAsync();
        }
        catch (Exception exception)
        {
            activation.Silo.Cluster.Log.LogWarning(exception, "Disposing a sequence of {Grain} failed", activation.GrainId);
        }
    }

    private async Task<StreamBatch<T>> FetchCoreAsync(int most, Func<T, T>? copy)
    {
        var items = new List<T>();
        moving ??= source.MoveNextAsync().AsTask();
        if (!moving.IsCompleted) await Task.WhenAny(moving, aborted.Task);
        while (true)
        {
            if (stopped || aborted.Task.IsCompleted) throw new EnumerationAbortedException($"The enumeration ended: {activation.GrainId} was deactivated, or its caller stopped it.");
            bool more;
            try
            {
                more = await moving;
            }
            catch (Exception)
            {
                await activation.Streams.Forget(this);
                throw;
            }

            if (!more)
            {
                await activation.Streams.Forget(this);
                return new StreamBatch<T>(items, Completed: true);
            }

            items.Add(copy is null ? source.Current : copy(source.Current));
            moving = null;
            if (items.Count == most) return new StreamBatch<T>(items, Completed: false);
            moving = source.MoveNextAsync().AsTask();

            // A failure is kept for the next fetch, so that the elements before it arrive.
            if (!moving.IsCompletedSuccessfully) return new StreamBatch<T>(items, Completed: false);
        }
    }
}
