using Microsoft.AspNetCore.Http;
using Pharos.Grains.Tools;

namespace Pharos.Tests.Tools;

/// <summary>How often a tool may be called, and tools that answer later.</summary>
public sealed class ToolLimitTests
{
    [Fact]
    public async Task Attempts_beyond_the_rate_wait_their_turn()
    {
        await using var story = await ToolStory.StartAsync((http, _) => http.Response.WriteAsync("7"), tool =>
        {
            tool.MaxPerMinute = 2; // one in 30 s, of which a second's worth may come early
            tool.Timeout = TimeSpan.FromHours(1);
        });
        Assert.Equal("7", (await story.CallAsync()).Content);
        var second = story.CallAsync();
        var third = story.CallAsync();
        Assert.Equal(1, story.Calls);

        story.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal("7", (await second).Content);
        Assert.Equal(2, story.Calls);
        story.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("7", (await third).Content);
    }

    [Fact]
    public async Task Call_taken_with_202_is_deferred_where_the_tool_may_answer_later()
    {
        var headers = new List<(string Call, string Secret)>();
        await using var story = await ToolStory.StartAsync(
            (http, _) =>
            {
                headers.Add((http.Request.Headers[ToolEndpoint.CallHeader].ToString(), http.Request.Headers[ToolEndpoint.SecretHeader].ToString()));
                http.Response.StatusCode = StatusCodes.Status202Accepted;
                return http.Response.WriteAsync("queued");
            },
            tool => tool.CallbackTimeout = TimeSpan.FromHours(2));
        var result = await story.CallAsync();
        Assert.Equal((true, 7200.0, false), (result.IsDeferred, result.Seconds, result.Failed));
        Assert.Equal([("call_1", "secret")], headers);
    }

    [Fact]
    public async Task Answer_202_of_any_other_tool_is_a_result()
    {
        await using var story = await ToolStory.StartAsync((http, _) =>
        {
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            return http.Response.WriteAsync("queued");
        });
        Assert.Equal(("queued", false), (await story.CallAsync()) is var result ? (result.Content, result.IsDeferred) : default);
    }

    [Fact]
    public void Secrets_are_of_one_call_alone()
    {
        var request = CallSecrets.New();
        var own = CallSecrets.Of(request, "call_r_1_0");
        Assert.True(CallSecrets.Fits(request, "call_r_1_0", own));
        Assert.False(CallSecrets.Fits(request, "call_r_1_1", own));
        Assert.False(CallSecrets.Fits(CallSecrets.New(), "call_r_1_0", own));
        Assert.False(CallSecrets.Fits(null, "call_r_1_0", own));
        Assert.False(CallSecrets.Fits(request, "call_r_1_0", null));
        Assert.NotEqual(request, own);
    }
}
