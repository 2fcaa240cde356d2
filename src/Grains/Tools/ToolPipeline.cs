using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Pharos.Grains.Tools;

/// <summary>
/// What stands between a call and its endpoint, from the outside in: time for the whole call, bulkhead, retries, circuit breaker, time
/// and rate, time for one attempt.
/// </summary>
/// <remarks>
/// <c>Timeout</c> is an attempt's; the whole call, with its wait for a place and its pauses between attempts, has as many timeouts
/// as it has attempts.
/// </remarks>
public sealed class ToolPipeline
{
    /// <summary>Calls that may wait for each that may run.</summary>
    public const int QueuedPerPlace = 16;

    public static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(5);

    /// <summary>How long an endpoint that keeps failing is left alone.</summary>
    public static readonly TimeSpan BreakDuration = TimeSpan.FromSeconds(15);

    /// <summary>Attempts within <see cref="SamplingDuration"/> of which half must fail before the circuit opens.</summary>
    public const int BreakerThroughput = 10;

    public static readonly TimeSpan SamplingDuration = TimeSpan.FromSeconds(30);

    private readonly ResiliencePipeline<ToolReply> pipeline;
    private readonly RegisteredTool tool;
    private readonly HttpClient http;
    private readonly TimeProvider time;

    public ToolPipeline(RegisteredTool tool, HttpClient http, TimeProvider time)
    {
        (this.tool, this.http, this.time) = (tool, http, time);
        var retries = tool.Idempotent ? tool.Retries : 0;
        var builder = new ResiliencePipelineBuilder<ToolReply> { Name = tool.Definition.Name, TimeProvider = time }
            .AddTimeout(tool.Timeout * (retries + 1))
            .AddStrategy(_ => new Bulkhead(tool.MaxConcurrency, tool.MaxConcurrency * QueuedPerPlace), new Bulkhead.Options());
        if (retries > 0)
            builder.AddRetry(Retry(retries));
        if (tool.MaxPerMinute > 0)
            builder.AddStrategy(_ => new RateLimit(tool.MaxPerMinute, time), new RateLimit.Options());
        pipeline = builder.AddCircuitBreaker(Breaker()).AddTimeout(tool.Timeout).Build();
    }

    /// <summary>Never throws for a failing endpoint; throws <see cref="OperationCanceledException"/> when <paramref name="ct"/> is cancelled.</summary>
    public async Task<ToolReply> SendAsync(string callId, string? secret, string arguments, CancellationToken ct)
    {
        try
        {
            return await pipeline.ExecuteAsync(
                async (call, attempt) => await ToolEndpoint.PostAsync(call.http, call.tool, call.callId, call.secret, call.arguments, call.time, attempt).ConfigureAwait(false),
                (http, tool, callId, secret, arguments, time), ct).ConfigureAwait(false);
        }
        catch (TimeoutRejectedException)
        {
            return ToolReply.Fail(ToolOutcome.Timeout, "timeout");
        }
        catch (BrokenCircuitException)
        {
            return ToolReply.Fail(ToolOutcome.CircuitOpen, "tool is offline");
        }
    }

    private static RetryStrategyOptions<ToolReply> Retry(int retries) => new()
    {
        MaxRetryAttempts = retries,
        Delay = FirstBackoff,
        MaxDelay = LongestBackoff,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = new PredicateBuilder<ToolReply>().HandleResult(reply => reply.Transient).Handle<TimeoutRejectedException>(),
        // An endpoint's Retry-After goes before our own backoff, within its bounds; null leaves it to the backoff.
        DelayGenerator = failed => ValueTask.FromResult(failed.Outcome.Result?.RetryAfter is { } wished
            ? TimeSpan.FromTicks(Math.Clamp(wished.Ticks, FirstBackoff.Ticks, LongestBackoff.Ticks))
            : (TimeSpan?)null),
    };

    private static CircuitBreakerStrategyOptions<ToolReply> Breaker() => new()
    {
        FailureRatio = 0.5,
        MinimumThroughput = BreakerThroughput,
        SamplingDuration = SamplingDuration,
        BreakDuration = BreakDuration,
        ShouldHandle = new PredicateBuilder<ToolReply>().HandleResult(reply => reply.Ill).Handle<TimeoutRejectedException>(),
    };
}
