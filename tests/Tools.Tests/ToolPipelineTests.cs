using Microsoft.AspNetCore.Http;
using Pharos.Grains.Tools;

namespace Pharos.Tests.Tools;

public sealed class ToolPipelineTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task Idempotent_tool_is_tried_again(int status)
    {
        await using var story = await ToolStory.StartAsync((http, number) => number < 3 ? Status(http, status) : http.Response.WriteAsync("7"));

        var result = await story.CallAsync();

        Assert.Equal(("7", false, 3), (result.Content, result.Failed, story.Calls));
    }

    [Fact]
    public async Task Tool_with_side_effects_is_called_once()
    {
        await using var story = await ToolStory.StartAsync((http, _) => Status(http, 503), tool => tool.Idempotent = false);

        var result = await story.CallAsync();

        Assert.Equal(("""{"error": "service unavailable"}""", true, 1), (result.Content, result.Failed, story.Calls));
    }

    [Fact]
    public async Task Broken_connection_is_tried_again_and_then_a_result()
    {
        await using var story = await ToolStory.StartAsync((http, _) =>
        {
            http.Abort();
            return Task.CompletedTask;
        });

        var result = await story.CallAsync();

        Assert.Equal(("""{"error": "network error"}""", true, 3), (result.Content, result.Failed, story.Calls));
    }

    [Fact]
    public async Task Retry_after_is_obeyed()
    {
        await using var story = await ToolStory.StartAsync((http, number) =>
        {
            http.Response.Headers.RetryAfter = "3";
            return number == 1 ? Status(http, 429) : http.Response.WriteAsync("7");
        });

        var result = await story.CallAsync();

        Assert.Equal("7", result.Content);
        Assert.Equal([TimeSpan.FromSeconds(3)], story.Time.Skipped);
        Assert.Equal(3, result.Seconds);
    }

    [Fact]
    public async Task Silent_tool_times_out_and_its_retry_may_answer()
    {
        await using var story = await ToolStory.StartAsync((http, number) => number == 1 ? Never(http) : http.Response.WriteAsync("7"));

        var call = story.CallAsync();
        await story.Arrived.WaitAsync();
        story.Time.Advance(Timeout);

        Assert.Equal("7", (await call).Content);
    }

    [Fact]
    public async Task Silent_tool_without_retries_is_a_failed_result()
    {
        await using var story = await ToolStory.StartAsync((http, _) => Never(http), tool => tool.Retries = 0);

        var call = story.CallAsync();
        await story.Arrived.WaitAsync();
        story.Time.Advance(Timeout);

        Assert.Equal(("""{"error": "timeout"}""", true), ((await call).Content, (await call).Failed));
    }

    [Fact]
    public async Task Cancellation_by_the_caller_throws()
    {
        using var gone = new CancellationTokenSource();
        await using var story = await ToolStory.StartAsync((http, _) => Never(http));

        var call = story.CallAsync(ct: gone.Token);
        await story.Arrived.WaitAsync();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task Tool_that_keeps_failing_is_left_alone_for_a_while()
    {
        await using var story = await ToolStory.StartAsync(
            (http, number) => number <= ToolPipeline.BreakerThroughput ? Status(http, 500) : http.Response.WriteAsync("7"), tool => tool.Retries = 0);
        for (var i = 0; i < ToolPipeline.BreakerThroughput; i++)
            Assert.Equal("""{"error": "internal error"}""", (await story.CallAsync()).Content);

        Assert.Equal("""{"error": "tool is offline"}""", (await story.CallAsync()).Content);
        Assert.Equal(ToolPipeline.BreakerThroughput, story.Calls);

        story.Time.Advance(ToolPipeline.BreakDuration);
        Assert.Equal("7", (await story.CallAsync()).Content);
    }

    [Fact]
    public async Task Calls_beyond_the_limit_wait_and_beyond_the_queue_fail_at_once()
    {
        var go = new TaskCompletionSource();
        await using var story = await ToolStory.StartAsync(async (http, _) =>
        {
            await go.Task;
            await http.Response.WriteAsync("7");
        }, tool => tool.MaxConcurrency = 1);

        var calls = Enumerable.Range(0, 1 + ToolPipeline.QueuedPerPlace).Select(_ => story.CallAsync()).ToList();
        var refused = await story.CallAsync();
        await story.Arrived.WaitAsync();
        Assert.Equal(1, story.Calls);
        go.SetResult();

        Assert.Equal("""{"error": "server is busy"}""", refused.Content);
        Assert.All(await Task.WhenAll(calls), result => Assert.Equal("7", result.Content));
    }

    private static Task Status(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static Task Never(HttpContext http) => Task.Delay(System.Threading.Timeout.Infinite, http.RequestAborted);
}
