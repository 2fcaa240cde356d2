using Polly;
using Polly.Retry;

namespace Pharos.Gateway.Answers;

/// <summary>Calls that are repeated while a silo fails over: the activation moves, and the next call finds it.</summary>
internal sealed class GrainRetry(TimeProvider time)
{
    private readonly ResiliencePipeline _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<Exception>(IsTransient),
            MaxRetryAttempts = 4,
            Delay = TimeSpan.FromMilliseconds(100),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();

    /// <summary>The grain's silo is gone or did not answer; what the grain itself throws is not of this kind.</summary>
    public static bool IsTransient(Exception exception) => exception is OrleansMessageRejectionException or TimeoutException;

    public async Task<T> Call<T>(Func<Task<T>> call, CancellationToken ct) => await _pipeline.ExecuteAsync(async _ => await call(), ct);

    public async Task Call(Func<Task> call, CancellationToken ct) => await _pipeline.ExecuteAsync(async _ => await call(), ct);
}
