using System.Net;
using System.Text.Json;

namespace Pharos.EndToEnd.Tests;

/// <summary>What the console and the command line are fed with.</summary>
[Collection(Shared.Name)]
public sealed class ConsoleDataTests(SharedGateway shared)
{
    private HttpClient Http => shared.Gateway.Http;

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Requests_are_listed_with_what_they_did_when()
    {
        var reply = await Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools());
        var id = reply.Headers.GetValues("x-request-id").Single();
        await shared.Gateway.UntilAsync("the scheduler has heard of the end", async () => (await RowAsync(id)).GetProperty("state").GetString() == "finished");
        var row = await RowAsync(id);
        Assert.Equal(["id", "tenant", "state", "worker", "priority", "arrivedAt", "seconds", "segment", "promptTokens", "contextTokens", "tools", "spans"], row.EnumerateObject().Select(field => field.Name));
        Assert.Equal("calculator", Assert.Single(row.GetProperty("tools").EnumerateArray()).GetString());
        Assert.Equal(
            ["queued", "running", "calling_tools", "queued", "running"], row.GetProperty("spans").EnumerateArray().Select(span => span.GetProperty("state").GetString()));
        Assert.Contains((await Http.FetchAsync("admin/requests?state=finished&limit=1000")).Json.EnumerateArray(), one => one.GetProperty("id").GetString() == id);
        Assert.DoesNotContain((await Http.FetchAsync("admin/requests?state=live")).Json.EnumerateArray(), one => one.GetProperty("id").GetString() == id);
        Assert.Single((await Http.FetchAsync("admin/requests?limit=1")).Json.EnumerateArray());
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData("state=asleep", "asleep")]
    [InlineData("limit=0", "1 to 1000")]
    public async Task Wrong_question_is_400_that_says_what_is_expected(string query, string said)
    {
        var reply = await Http.FetchAsync("admin/requests?" + query);
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Contains(said, reply.Json.GetProperty("detail").GetString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Events_begin_with_what_is_known_and_go_on()
    {
        using var stream = await Http.GetStreamAsync("admin/events");
        using var lines = new StreamReader(stream);
        var seen = 0;
        while (seen < 2)
        {
            var line = await lines.ReadLineAsync() ?? throw new InvalidOperationException("the feed ended");
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            var sample = JsonSerializer.Deserialize<JsonElement>(line["data: ".Length..]);
            Assert.Equal("spark", sample.GetProperty("model").GetString());
            Assert.Equal(2, sample.GetProperty("workers").GetArrayLength());
            seen++;
        }
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Counterfactual_says_what_it_rests_on()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools())));
        var shown = default(JsonElement);
        await shared.Gateway.UntilAsync("requests have ended", async () => (shown = (await Http.FetchAsync("admin/counterfactual")).Json).GetProperty("requests").GetInt32() >= 2);
        Assert.Contains("no measurement", shown.GetProperty("basis").GetString());
        Assert.Equal(["fcfs", "vllm"], shown.GetProperty("against").EnumerateArray().Select(other => other.GetProperty("policy").GetString()));
        Assert.True(shown.GetProperty("served").GetProperty("mean").GetDouble() > 0);
        Assert.True(shown.GetProperty("replayed").GetProperty("mean").GetDouble() > 0);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Console_is_served_under_a_strict_policy_and_once()
    {
        using var page = await Http.GetAsync("console");
        Assert.EndsWith("/console/", page.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        using var again = new HttpRequestMessage(HttpMethod.Get, "console/");
        again.Headers.IfNoneMatch.Add(page.Headers.ETag!);
        using var unchanged = await Http.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Http.GetAsync("console/nothing.js")).StatusCode);
    }

    private async Task<JsonElement> RowAsync(string id) =>
        (await Http.FetchAsync("admin/requests")).Json.EnumerateArray().Single(row => row.GetProperty("id").GetString() == id);
}
