using Polly;

namespace Pharos.Grains.Tools;

/// <summary>
/// At most so many calls at once, and at most so many waiting; a call beyond both is answered at once. (Polly.Core has no limiter of
/// its own, and Polly.RateLimiting would be one more package for these lines.)
/// </summary>
public sealed class Bulkhead(int places, int queue) : ResilienceStrategy<ToolReply>
{
    private readonly SemaphoreSlim free = new(places);
    private int present; // calls that run or wait

    protected override async ValueTask<Outcome<ToolReply>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<ToolReply>>> callback, ResilienceContext context, TState state)
    {
        try
        {
            if (Interlocked.Increment(ref present) > places + queue)
                return Outcome.FromResult(ToolReply.Fail(ToolOutcome.QueueFull, "server is busy"));
            try
            {
                await free.WaitAsync(context.CancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException e)
            {
                return Outcome.FromException<ToolReply>(e);
            }

            try
            {
                return await callback(context, state).ConfigureAwait(false);
            }
            finally
            {
                free.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref present);
        }
    }

    public sealed class Options : ResilienceStrategyOptions;
}
