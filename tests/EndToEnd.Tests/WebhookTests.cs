using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Pharos.EndToEnd.Tests;

/// <summary>A server-side tool that takes a call with 202, says how long it will take, and brings the result by a request of its own.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private const string Answer = "127*43+9 is 5470.";
    private readonly Channel<(string Call, string Secret)> calls = Channel.CreateUnbounded<(string, string)>();
    private WebApplication tool = null!;
    private PharosGateway gateway = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        tool = builder.Build();
        tool.Run(async http =>
        {
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            await http.Response.CompleteAsync();
            calls.Writer.TryWrite((http.Request.Headers["X-Pharos-Call-Id"].ToString(), http.Request.Headers["X-Pharos-Call-Secret"].ToString()));
        });
        await tool.StartAsync();
        gateway = await PharosGateway.StartAsync(
            $"Tools:calculator:Url={tool.Urls.Single()}/run", "Tools:calculator:AllowPrivateNetwork=true", "Tools:calculator:CallbackTimeout=00:10:00", "Policy:Pause=preserve");
    }

    public async Task DisposeAsync()
    {
        await gateway.DisposeAsync();
        await tool.DisposeAsync();
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Request_goes_on_when_the_tool_brings_the_result()
    {
        var answering = gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools());
        var (call, secret) = await calls.Reader.ReadAsync();

        Assert.Equal((HttpStatusCode.OK, "accepted"), await TellAsync(call, "progress", new JsonObject { ["eta_seconds"] = 2.5 }, secret));
        Assert.Equal((HttpStatusCode.OK, "accepted"), await TellAsync(call, "progress", new JsonObject { ["progress"] = 0.5 }, secret));
        Assert.Equal((HttpStatusCode.Forbidden, "tool_call_forbidden"), await TellAsync(call, "result", Result("1"), "forged"));
        Assert.Equal((HttpStatusCode.OK, "accepted"), await TellAsync(call, "result", Result("5470"), secret));
        Assert.Equal((HttpStatusCode.OK, "repeated"), await TellAsync(call, "result", Result("another"), secret));

        var reply = await answering;
        Assert.Equal(Answer, reply.Content);
        var made = Assert.Single(reply.Json.GetProperty("pharos").GetProperty("tool_calls").EnumerateArray());
        Assert.Equal("5470", made.GetProperty("result").GetString());
        Assert.Equal((HttpStatusCode.OK, "repeated"), await TellAsync(call, "result", Result("5470"), secret)); // the answer to the first was lost, say
        var timeline = (await gateway.RequestAsync(reply.Json.GetProperty("id").GetString()!)).GetProperty("timeline").EnumerateArray();
        Assert.Contains(timeline, entry => entry.GetProperty("event").GetString() == "calculator answers later");
        Assert.False(calls.Reader.TryRead(out _), "the tool was called once");
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Failure_that_the_tool_brings_is_a_result_and_the_key_of_the_tenant_will_do()
    {
        var answering = gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools());
        var (call, _) = await calls.Reader.ReadAsync();
        var body = new JsonObject { ["content"] = new JsonObject { ["error"] = "division by zero" }, ["failed"] = true };
        Assert.Equal((HttpStatusCode.OK, "accepted"), await TellAsync(call, "result", body, null)); // at this machine nobody needs a key
        var made = Assert.Single((await answering).Json.GetProperty("pharos").GetProperty("tool_calls").EnumerateArray());
        Assert.True(made.GetProperty("failed").GetBoolean());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Calls_that_nobody_waits_for_are_told_apart()
    {
        const string unknown = "call_3f1e9c52b7f04d8e9a6b1c2d3e4f5061_24_0";
        Assert.Equal((HttpStatusCode.NotFound, "tool_call_not_found"), await TellAsync(unknown, "result", Result("1"), "secret"));
        Assert.Equal((HttpStatusCode.NotFound, "tool_call_not_found"), await TellAsync("toolu_1", "progress", new JsonObject { ["eta_seconds"] = 1 }, "secret"));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_value"), await TellAsync(unknown, "progress", [], "secret"));
        Assert.Equal((HttpStatusCode.BadRequest, "missing_required_parameter"), await TellAsync(unknown, "result", [], "secret"));

        var parked = await gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?").WithTools("calculator"));
        var call = parked.Choice.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("id").GetString()!;
        Assert.Equal((HttpStatusCode.OK, "accepted"), await TellAsync(call, "progress", new JsonObject { ["eta_seconds"] = 3600 }, null)); // clients may know, too
        Assert.Equal((HttpStatusCode.Conflict, "tool_call_of_client"), await TellAsync(call, "result", Result("5470"), null));
        Assert.Equal(HttpStatusCode.Forbidden, (await TellAsync(call, "result", Result("5470"), "secret")).Status);
    }

    private static JsonObject Result(string content) => new() { ["content"] = content };

    private async Task<(HttpStatusCode Status, string? Word)> TellAsync(string call, string what, JsonObject body, string? secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"v1/tool_calls/{call}/{what}") { Content = JsonContent.Create(body) };
        if (secret is not null)
            request.Headers.Add("X-Pharos-Call-Secret", secret);
        using var response = await gateway.Http.SendAsync(request);
        var json = await response.Content.ReadFromJsonAsync<JsonElement>();
        return (response.StatusCode, json.TryGetProperty("status", out var status) ? status.GetString() : json.GetProperty("error").GetProperty("code").GetString());
    }
}
