using Polly;

namespace Pharos.Grains.Tools;

/// <summary>
/// At most so many attempts a minute. An attempt beyond it waits its turn, in order of coming; the call's own time limits how long. A second's worth may
/// go at once.
/// </summary>
public sealed class RateLimit(int perMinute, TimeProvider time) : ResilienceStrategy<ToolReply>
{
    private readonly Lock gate = new();
    private readonly TimeSpan interval = TimeSpan.FromMinutes(1) / perMinute;
    private readonly TimeSpan burst = TimeSpan.FromSeconds(1);
    private DateTimeOffset next; // when the next attempt would go, were they evenly spaced

    protected override async ValueTask<Outcome<ToolReply>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<ToolReply>>> callback, ResilienceContext context, TState state)
    {
        TimeSpan wait;
        lock (gate)
        {
            var now = time.GetUtcNow();
            next = next < now ? now : next;
            wait = next - now - burst;
            next += interval;
        }

        try
        {
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, context.CancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            return Outcome.FromException<ToolReply>(e);
        }

        return await callback(context, state).ConfigureAwait(false);
    }

    public sealed class Options : ResilienceStrategyOptions;
}
