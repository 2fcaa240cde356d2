using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pharos.EndToEnd.Tests;

/// <summary>What operators and their tools look at.</summary>
[Collection(Shared.Name)]
public sealed partial class OperatorTests(SharedGateway shared)
{
    private HttpClient Http => shared.Gateway.Http;

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Models_lists_the_one_that_is_served()
    {
        var list = await Http.FetchAsync("v1/models");
        Assert.Equal("list", list.Json.GetProperty("object").GetString());
        var model = Assert.Single(list.Json.GetProperty("data").EnumerateArray());
        Assert.Equal("spark", model.GetProperty("id").GetString());
        Assert.Equal("model", model.GetProperty("object").GetString());
        Assert.Equal("spark", (await Http.FetchAsync("v1/models/spark")).Json.GetProperty("id").GetString());
        var unknown = await Http.FetchAsync("v1/models/gpt-9");
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (unknown.Status, unknown.Error.GetProperty("code").GetString()));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Health_alive_and_version_answer()
    {
        var health = await Http.FetchAsync("health");
        Assert.Equal((HttpStatusCode.OK, "ok", 2), (health.Status, health.Json.GetProperty("status").GetString(), health.Json.GetProperty("workers").GetInt32()));
        Assert.Equal(HttpStatusCode.OK, (await Http.FetchAsync("alive")).Status);
        Assert.Matches(@"^\d+\.\d+\.\d+", (await Http.FetchAsync("version")).Json.GetProperty("version").GetString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Workers_show_what_they_have_and_hold()
    {
        var workers = (await Http.FetchAsync("admin/workers")).Json.EnumerateArray().ToList();
        Assert.Equal(2, workers.Count);
        foreach (var worker in workers)
        {
            Has(worker, "id", "silo", "device", "state", "running", "waiting", "parked", "kv", "iteration");
            Has(worker.GetProperty("parked"), "device", "host", "none");
            Has(worker.GetProperty("kv"), "deviceBytes", "used", "parked", "prefix", "hostBytes");
            Has(worker.GetProperty("iteration"), "tokensPerSecond", "seconds");
            Assert.Equal("active", worker.GetProperty("state").GetString());
            Assert.True(worker.GetProperty("kv").GetProperty("deviceBytes").GetInt64() > 0);
        }
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Request_tells_its_life_and_what_was_decided_at_which_price()
    {
        var reply = await Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools());
        var request = await shared.Gateway.RequestAsync(reply.Json.GetProperty("id").GetString()!);
        Has(request, "id", "model", "tenant", "state", "worker", "rank", "timeline", "receipts", "usage", "arrivedAt", "why");
        Assert.Equal(("spark", "finished"), (request.GetProperty("model").GetString(), request.GetProperty("state").GetString()));
        Assert.Equal(reply.Headers.GetValues("x-request-id").Single(), request.GetProperty("id").GetString());
        Assert.Equal(JsonValueKind.Null, request.GetProperty("rank").ValueKind); // it waits no more

        var timeline = request.GetProperty("timeline").EnumerateArray().ToList();
        Assert.All(timeline, entry => Has(entry, "at", "event", "worker", "tokens", "route"));
        Assert.Equal(timeline.Select(entry => entry.GetProperty("at").GetDouble()).Order(), timeline.Select(entry => entry.GetProperty("at").GetDouble()));
        Assert.Equal(
            ["arrived", "queued", "placed", "started", "first token", "paused for calculator", "tools returned", "queued", "placed", "started", "first token", "finished"],
            timeline.Select(entry => entry.GetProperty("event").GetString()));

        // The worker settles the price when the sequence goes on, and says so on its own.
        await shared.Gateway.UntilAsync("the receipt is settled", async () => (await ReceiptAsync(reply)).GetProperty("actualSeconds").ValueKind == JsonValueKind.Number);
        var receipt = await ReceiptAsync(reply);
        Has(receipt, "call", "tool", "at", "predictedSeconds", "contextTokens", "prices", "decision", "until", "actualSeconds", "regretTokenSeconds", "revisions");
        Has(receipt.GetProperty("predictedSeconds"), "p50", "p90");
        Has(receipt.GetProperty("prices"), "preserve", "swap", "discard");
        Assert.Equal(("calculator", "preserve"), (receipt.GetProperty("tool").GetString(), receipt.GetProperty("decision").GetString()));
        Has(request.GetProperty("usage"), "promptTokens", "completionTokens", "cachedTokens", "kvTokenSeconds", "queueSeconds", "toolSeconds", "receipts", "preemptions", "migrations", "prefillSeconds", "decodeSeconds");
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Unknown_request_is_404_problem_and_leaves_nothing()
    {
        using var response = await Http.GetAsync("admin/requests/nobody");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var problem = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        Assert.Equal(404, problem.GetProperty("status").GetInt32());
        Assert.Contains("nobody", problem.GetProperty("detail").GetString());
        await shared.Gateway.UntilAsync(
            "nothing is left of the question",
            () => Task.FromResult(!shared.Gateway.Cluster.Activations<Grains.IRequestGrain>().Any(one => one.GrainId.ToString().Contains("nobody"))));
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData("admin/rebalance?dryRun=perhaps", "dryRun=perhaps")]
    [InlineData("admin/nothing", "POST /admin/nothing")]
    [InlineData("admin/workers", "POST /admin/workers")]
    public async Task What_cannot_be_read_is_named(string path, string named)
    {
        var reply = await Http.OrderAsync(path);
        Assert.InRange((int)reply.Status, 400, 405);
        Assert.Contains(named, reply.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Unknown_path_outside_of_v1_is_404_problem()
    {
        using var response = await Http.GetAsync("admin/nothing");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Metrics_are_well_formed_and_count()
    {
        var before = await MetricsAsync();
        var reply = await Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools());
        await Http.PostAsync("{");
        var usage = reply.Json.GetProperty("usage");
        await shared.Gateway.UntilAsync("the tool call is counted", async () => Rose("pharos_tool_decisions_total", await MetricsAsync()) >= 1);
        var after = await MetricsAsync();
        Assert.Equal(usage.GetProperty("prompt_tokens").GetInt32(), Rose("vllm:prompt_tokens_total", after));
        Assert.Equal(usage.GetProperty("completion_tokens").GetInt32(), Rose("vllm:generation_tokens_total", after));
        Assert.Equal(1, Rose("vllm:request_success_total", after));
        Assert.Equal(1, Rose("vllm:time_to_first_token_seconds_count", after));
        Assert.Equal(1, Rose("vllm:e2e_request_latency_seconds_count", after));
        Assert.Equal(1, Rose("pharos_slo_answers_total", after));
        Assert.Equal(1, Rose("pharos_admission_rejections_total", after));
        Assert.Equal(1, Rose("pharos_tool_duration_seconds_count", after));
        foreach (var name in (string[])["vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc", "vllm:cache_config_info", "pharos_requests", "pharos_kv_bytes", "pharos_worker_state"])
            Assert.Contains(after.Samples, sample => sample.Name == name);

        double Rose(string name, Exposition now) => now.Sum(name) - before.Sum(name);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Dashboards_alerts_and_scalers_ask_only_for_metrics_that_exist()
    {
        await Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools());
        await Http.PostAsync("{");
        var exists = (await MetricsAsync()).Types
            .SelectMany(family => family.Value == "histogram" ? (string[])[family.Key + "_bucket", family.Key + "_sum", family.Key + "_count"] : [family.Key]).ToHashSet();
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Cluster.sln")))
            root = root.Parent!;
        var asked = Directory.EnumerateFiles(Path.Combine(root.FullName, "deploy"), "*", SearchOption.AllDirectories)
            .SelectMany(file => Metric().Matches(File.ReadAllText(file))).Select(match => match.Value).Distinct().ToList();
        Assert.True(asked.Count >= 10, $"only {asked.Count} metrics were found: has deploy/ moved?");
        Assert.All(asked, name => Assert.Contains(name, exists));
    }

    [GeneratedRegex(@"(vllm:|\bpharos_)\w+")]
    private static partial Regex Metric();

    private async Task<Exposition> MetricsAsync()
    {
        using var response = await Http.GetAsync("metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        return Exposition.Parse(await response.Content.ReadAsStringAsync());
    }

    private async Task<JsonElement> ReceiptAsync(Reply reply) =>
        Assert.Single((await shared.Gateway.RequestAsync(reply.Json.GetProperty("id").GetString()!)).GetProperty("receipts").EnumerateArray());

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData("drain", "draining")]
    [InlineData("cordon", "cordoned")]
    [InlineData("evacuate", "draining")]
    public async Task Worker_is_taken_out_and_back_and_says_what_is_left(string action, string state)
    {
        var worker = (await Http.FetchAsync("admin/workers")).Json[0].GetProperty("id").GetString()!;

        var left = await Http.OrderAsync($"admin/workers/{worker}/{action}");
        Has(left.Json, "worker", "state", "running", "parked", "bytes", "etaSeconds");
        Assert.Equal((worker, state), (left.Json.GetProperty("worker").GetString(), left.Json.GetProperty("state").GetString()));

        var back = await Http.OrderAsync($"admin/workers/{Uri.EscapeDataString(worker)}/undrain");
        Assert.Equal("active", back.Json.GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await Http.OrderAsync("admin/workers/spark/nowhere/0/drain")).Status);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Policies_are_switched_while_the_pool_serves()
    {
        var before = (await Http.FetchAsync("admin/policy")).Json;
        Has(before, "rank", "pause", "route", "rankPolicies", "pausePolicies");
        Assert.Contains("fcfs", before.GetProperty("rankPolicies").EnumerateArray().Select(name => name.GetString()));

        var after = await Http.OrderAsync("admin/policy", """{"rank": "fcfs", "pause": "swap"}""");
        Assert.Equal(("fcfs", "swap"), (after.Json.GetProperty("rank").GetString(), after.Json.GetProperty("pause").GetString()));
        await shared.Gateway.UntilAsync("workers decide by it", async () =>
            (await ReceiptAsync(await Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools()))).GetProperty("decision").GetString() == "swap");

        var unknown = await Http.OrderAsync("admin/policy", """{"rank": "best"}""");
        Assert.Equal(HttpStatusCode.BadRequest, unknown.Status);
        Assert.Contains("'best' is not known", unknown.Text);
        Assert.Equal(HttpStatusCode.BadRequest, (await Http.OrderAsync("admin/policy", "{}")).Status);
        var back = await Http.OrderAsync("admin/policy", $$"""{"rank": "{{before.GetProperty("rank").GetString()}}", "pause": "{{before.GetProperty("pause").GetString()}}"}""");
        Assert.Equal(before.GetProperty("pause").GetString(), back.Json.GetProperty("pause").GetString());
        await shared.Gateway.UntilAsync("workers decide as before", async () =>
            (await ReceiptAsync(await Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools()))).GetProperty("decision").GetString() == "preserve");
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Request_is_cancelled_by_an_operator()
    {
        var parked = await Http.PostAsync(Wire.Ask("What is 127*43+9?").WithTools("calculator"));
        var cancelled = await Http.OrderAsync($"admin/requests/{parked.Json.GetProperty("id").GetString()}/cancel");
        Assert.Equal("cancelled", cancelled.Json.GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await Http.OrderAsync("admin/requests/nobody/cancel")).Status);
    }

    private static void Has(JsonElement json, params string[] fields) => Assert.Equal(fields, json.EnumerateObject().Select(field => field.Name));
}
