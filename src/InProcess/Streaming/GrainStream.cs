namespace Pharos.InProcess;

/// <summary>The caller's end of a grain's sequence. Each enumeration calls the method anew.</summary>
internal sealed class GrainStream<T>(StreamPlan<T> plan, GrainFactory caller, CallTarget target, object?[] arguments) : IAsyncEnumerable<T>
{
    /// <summary>The most elements one message brings.</summary>
    public int MaxBatchSize { get; set; } = 100;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => new Enumerator(this, cancellationToken);

    private sealed class Enumerator : IAsyncEnumerator<T>
    {
        private readonly GrainStream<T> stream;
        private readonly CancellationTokenSource? linked;
        private readonly CancellationToken token;
        private readonly StreamId id;
        private List<T> buffer = [];
        private int next;
        private bool started;
        private bool ended;
        private bool targetKnowsEnd;

        public Enumerator(GrainStream<T> stream, CancellationToken cancellation)
        {
            this.stream = stream;
            var argument = stream.Plan.TokenOf(stream.Arguments);
            if (argument.CanBeCanceled && cancellation.CanBeCanceled && argument != cancellation)
            {
                linked = CancellationTokenSource.CreateLinkedTokenSource(argument, cancellation);
                token = linked.Token;
            }
            else
            {
                token = argument.CanBeCanceled ? argument : cancellation;
            }

            id = new StreamId(stream.Caller.Cluster.NextStreamNumber());
        }

        public T Current { get; private set; } = default!;

        public async ValueTask<bool> MoveNextAsync()
        {
            while (true)
            {
                if (next < buffer.Count)
                {
                    Current = buffer[next++];
                    return true;
                }

                if (ended) return false;
                token.ThrowIfCancellationRequested();
                try
                {
                    var batch = await Fetch();
                    (buffer, next) = (batch.Items, 0);
                    ended = targetKnowsEnd = batch.Completed;
                }
                catch (Exception exception)
                {
                    ended = true;
                    targetKnowsEnd = exception is not OperationCanceledException;
                    throw;
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            ended = true;
            linked?.Dispose();
            if (!started || targetKnowsEnd) return;
            targetKnowsEnd = true;
            var stop = new StreamStop(stream.Caller, stream.Target, stream.Plan.Name, id);
            stop.Send(stream.Plan.Timeout(stream.Caller.Cluster), default);
            try
            {
                await stop.Outcome;
            }
            catch (Exception)
            {
                // Where there is no activation any more, nothing is left to dispose.
            }
        }

        private Task<StreamBatch<T>> Fetch()
        {
            object?[]? first = null;
            if (!started)
            {
                started = true;
                first = stream.Plan.CopyArguments((object?[])stream.Arguments.Clone(), stream.Caller.Cluster.Factory);
            }

            var fetch = new StreamFetch<T>(stream.Caller, stream.Target, stream.Plan, id, first, stream.MaxBatchSize);
            fetch.Send(Timeout.InfiniteTimeSpan, token);
            return fetch.Outcome;
        }
    }

    private StreamPlan<T> Plan => plan;
    private GrainFactory Caller => caller;
    private CallTarget Target => target;
    private object?[] Arguments => arguments;
}

public static class AsyncEnumerableExtensions
{
    /// <summary>Sets the most elements that one message brings, for a sequence that a grain returned; others are handed back as they are.</summary>
    public static IAsyncEnumerable<T> WithBatchSize<T>(this IAsyncEnumerable<T> self, int maxBatchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatchSize, 1);
        if (self is GrainStream<T> stream) stream.MaxBatchSize = maxBatchSize;
        return self;
    }
}
