using Polly;
using Polly.Retry;

namespace Pharos.Gateway.Answers;

/// <summary>Calls that are repeated while a silo fails over: the activation moves, and the next call finds it.</summary>
internal sealed class GrainRetry(TimeProvider time, Random random)
{
    private readonly ResiliencePipeline _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is { } exception && IsTransient(exception, arguments.Context.CancellationToken)),
            MaxRetryAttempts = 4,
            Delay = TimeSpan.FromMilliseconds(100),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Randomizer = random.NextDouble,
        })
        .Build();

    /// <summary>
    /// The cluster could not do it now: a silo is gone, a store fails, a call was given up on the way. What each host and store throws then
    /// can't be listed; what a programming error throws can.
    /// </summary>
    /// <param name="ct">The caller's own: what it cancelled is no failure.</param>
    public static bool IsTransient(Exception exception, CancellationToken ct) => exception switch
    {
        OperationCanceledException => !ct.IsCancellationRequested,
        ObjectDisposedException => true, // a host that is closing
        ArgumentException or InvalidOperationException or NotSupportedException or NullReferenceException
            or InvalidCastException or IndexOutOfRangeException or KeyNotFoundException or ArithmeticException or FormatException => false,
        _ => exception is not Http.ApiException,
    };

    public async Task<T> Call<T>(Func<Task<T>> call, CancellationToken ct)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, ct);
        try
        {
            return await _pipeline.ExecuteAsync(async _ => await call(), context);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    public Task Call(Func<Task> call, CancellationToken ct) => Call(
        async () =>
        {
            await call();
            return true;
        },
        ct);
}
