using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pharos.Grains;

namespace Pharos.EndToEnd.Tests;

/// <summary>Tenants are kept to their limits, and what is refused leaves nothing behind.</summary>
public sealed class TenantTests
{
    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Limits_are_each_tenants_own_and_a_refusal_says_when_to_come_again()
    {
        await using var gateway = await PharosGateway.StartAsync([
            "Workers=1", "FinishedRetention=00:00:01", .. Keys("small", "other"), "Tenants:small:RequestsPerMinute=3", "Tenants:other:TokensPerMinute=60"]);
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(gateway, "small")).Status);
        var refused = await AskAsync(gateway, "small");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 62);
        Assert.Equal(
            ("rate_limit_error", "rate_limit_exceeded", "requests"),
            (refused.Error.GetProperty("type").GetString(), refused.Error.GetProperty("code").GetString(), refused.Error.GetProperty("param").GetString()));
        using (var models = new HttpRequestMessage(HttpMethod.Get, "v1/models") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", "key-small") } })
            Assert.Equal(HttpStatusCode.OK, (await gateway.Http.SendAsync(models)).StatusCode); // asks no model

        Assert.Equal(HttpStatusCode.OK, (await AskAsync(gateway, "other")).Status);
        await gateway.UntilAsync("its answers have used the tokens up", async () => (await AskAsync(gateway, "other")).Status == HttpStatusCode.TooManyRequests);
        await NothingIsLeftAsync(gateway);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Concurrency_is_limited_and_a_client_that_leaves_makes_room()
    {
        await using var gateway = await PharosGateway.StartAsync([
            "Workers=1", "Backend=simulated", "Simulated:TokensPerSecond=2", "Simulated:MinTokens=200", "FinishedRetention=00:00:01", .. Keys("one"), "Tenants:one:Concurrency=1"]);
        using (var leave = new CancellationTokenSource())
        {
            var first = AskAsync(gateway, "one", leave.Token);
            await gateway.UntilAsync("the first runs", async () => (await gateway.WorkersAsync()).Any(worker => !worker.Sequences.IsEmpty));
            var refused = await AskAsync(gateway, "one");
            Assert.Equal((HttpStatusCode.TooManyRequests, "concurrency"), (refused.Status, refused.Error.GetProperty("param").GetString()));
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }

        await NothingIsLeftAsync(gateway);
        await gateway.UntilAsync("there is room again", async () =>
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            try
            {
                return (await AskAsync(gateway, "one", soon.Token)).Status != HttpStatusCode.TooManyRequests;
            }
            catch (OperationCanceledException)
            {
                return true; // let in: it runs longer than anybody waits here
            }
        });
        await NothingIsLeftAsync(gateway);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task A_flood_beyond_the_queue_is_shed_at_once_and_leaves_no_grain_no_block_and_no_turn()
    {
        await using var gateway = await PharosGateway.StartAsync(
            "Workers=1", "Backend=simulated", "Simulated:TokensPerSecond=2000", "FinishedRetention=00:00:01", "MaxQueued=4", "Batch:MaxSequences=2");
        var asked = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => gateway.Http.PostAsync(Wire.Ask("Hello!", body => body["priority"] = i % 3))));
        Assert.All(asked, reply => Assert.True(reply.Status is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{reply.Status}: {reply.Text}"));
        Assert.Contains(asked, reply => reply.Status == HttpStatusCode.OK);
        var shed = asked.Where(reply => reply.Status == HttpStatusCode.TooManyRequests).ToList();
        Assert.NotEmpty(shed);
        Assert.All(shed, reply => Assert.Equal("overloaded", reply.Error.GetProperty("code").GetString()));
        Assert.All(shed, reply => Assert.True(reply.Headers.RetryAfter!.Delta!.Value.TotalSeconds >= 1));
        await NothingIsLeftAsync(gateway);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task What_takes_too_long_is_ended_and_said()
    {
        await using var gateway = await PharosGateway.StartAsync(
            "Workers=1", "Backend=simulated", "Simulated:TokensPerSecond=20", "Simulated:MinTokens=200", "FinishedRetention=00:00:01", "Gateway:RequestTimeout=00:00:01");
        var whole = await gateway.Http.PostAsync(Wire.Ask("Hello!"));
        Assert.Equal((HttpStatusCode.GatewayTimeout, "timeout"), (whole.Status, whole.Error.GetProperty("code").GetString()));
        var stream = new List<ServerEvent>();
        await foreach (var one in gateway.Http.StreamAsync(Wire.Ask("Hello!").Streaming()))
            stream.Add(one);
        Assert.Equal(("[DONE]", "timeout"), (stream[^1].Data, stream[^2].Json.GetProperty("error").GetProperty("code").GetString()));
        await NothingIsLeftAsync(gateway);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Whoever_is_told_to_stop_finishes_what_it_has_begun()
    {
        var gateway = await PharosGateway.StartAsync("Workers=1", "Backend=simulated", "Simulated:TokensPerSecond=50", "Simulated:MinTokens=50", "Simulated:MaxTokens=60");
        await using var stream = gateway.Http.StreamAsync(Wire.Ask("Hello!").Streaming()).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
        var stopped = gateway.StopAsync();
        var last = stream.Current;
        while (await stream.MoveNextAsync())
            last = stream.Current;
        Assert.Equal("[DONE]", last.Data);
        await stopped;
        await gateway.DisposeAsync();
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Caches_are_shared_within_a_tenant_and_never_between_two()
    {
        await using var gateway = await PharosGateway.StartAsync(["Workers=1", .. Keys("a", "b")]);
        Assert.Equal(0, await CachedAsync("a"));
        Assert.True(await CachedAsync("a") > 0);
        Assert.Equal(0, await CachedAsync("b"));

        async Task<int> CachedAsync(string tenant) =>
            (await AskAsync(gateway, tenant)).Json.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
    }

    private static IEnumerable<string> Keys(params string[] tenants) => tenants.SelectMany(tenant => (string[])[
        $"ApiKeys:{tenant}:Hash={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("key-" + tenant)))}", $"ApiKeys:{tenant}:Tenant={tenant}"]);

    private static async Task<Reply> AskAsync(PharosGateway gateway, string tenant, CancellationToken ct = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Wire.Completions)
        {
            Content = new StringContent(Wire.Ask("What does supernova mean, and what is the weather in Oslo today?").ToJsonString(), Encoding.UTF8, "application/json"),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", "key-" + tenant) },
        };
        using var response = await gateway.Http.SendAsync(request, ct);
        return new Reply(response.StatusCode, await response.Content.ReadAsStringAsync(ct), response.Headers);
    }

    private static async Task NothingIsLeftAsync(PharosGateway gateway)
    {
        await gateway.UntilAsync("no request is left in memory", () => Task.FromResult(gateway.Cluster.Activations<IRequestGrain>().Count == 0));
        await gateway.UntilNothingIsHeldAsync();
    }
}
