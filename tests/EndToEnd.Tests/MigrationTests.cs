using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pharos.EndToEnd.Tests;

/// <summary>Requests that move between workers: their clients see nothing of it.</summary>
public sealed class MigrationTests
{
    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData(false)]
    [InlineData(true)] // its last tokens lack what early exits skipped: they do not travel
    public async Task Parked_request_moves_with_its_cache_and_goes_on_at_its_new_worker(bool exits)
    {
        await using var gateway = await PharosGateway.StartAsync("Policy:Pause=preserve", "Policy:Route=cache-owner", $"Helios:Exit:Enabled={exits}", "Helios:Exit:MaxDisagreement=1");
        var question = Wire.Message("user", "What is 127*43+9?");
        var parked = await gateway.Http.PostAsync(Wire.Chat([question]).WithTools("calculator"));
        var call = parked.Choice.GetProperty("message").GetProperty("tool_calls")[0];
        var id = parked.Json.GetProperty("id").GetString()!;
        var from = (await gateway.RequestAsync(id)).GetProperty("worker").GetString()!;

        var order = await gateway.Http.OrderAsync($"admin/requests/{id}/migrate");
        Assert.Equal(HttpStatusCode.Accepted, order.Status);
        Assert.Equal((from, true), (order.Json.GetProperty("from").GetString(), order.Json.GetProperty("started").GetBoolean()));
        var to = order.Json.GetProperty("to").GetString()!;
        Assert.NotEqual(from, to);
        await gateway.UntilAsync("it has moved", async () => (await gateway.RequestAsync(id)).GetProperty("worker").GetString() == to);
        await gateway.UntilAsync("nothing is left where it was", async () => (await gateway.WorkersAsync()).Single(worker => worker.Worker == from).Sequences.IsEmpty);

        var answer = await gateway.Http.PostAsync(Wire.Chat([
            question, Wire.CallMessage((call.GetProperty("id").GetString()!, "calculator", call.GetProperty("function").GetProperty("arguments").GetString()!)),
            Wire.ToolMessage(call.GetProperty("id").GetString()!, "5470")]).WithTools("calculator"));
        Assert.Equal("127*43+9 is 5470.", answer.Content);
        var usage = answer.Json.GetProperty("usage");
        Assert.True(usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32() > parked.Json.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(1, usage.GetProperty("pharos").GetProperty("migrations").GetInt32());
        Assert.Equal(to, (await gateway.RequestAsync(id)).GetProperty("worker").GetString());
        await gateway.UntilNothingIsHeldAsync();
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData(0f, 1)]
    [InlineData(0.8f, 7)]
    public async Task Running_request_moves_to_and_fro_and_its_text_is_the_same(float temperature, int seed)
    {
        await using var gateway = await PharosGateway.StartAsync("Backend=simulated", "Simulated:TokensPerSecond=400", "Simulated:MinTokens=300", "Simulated:MaxTokens=300");
        var undisturbed = await ReadAsync(gateway, temperature, seed, moves: 0);
        var moved = await ReadAsync(gateway, temperature, seed, moves: 20);
        Assert.Equal(undisturbed.Text, moved.Text);
        Assert.Equal(undisturbed.Usage.GetProperty("completion_tokens").GetInt32(), moved.Usage.GetProperty("completion_tokens").GetInt32());
        Assert.True(moved.Usage.GetProperty("pharos").GetProperty("migrations").GetInt32() >= 5, moved.Usage.ToString());
        await gateway.UntilNothingIsHeldAsync();
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Evacuated_worker_gives_its_requests_away_with_their_caches()
    {
        await using var gateway = await PharosGateway.StartAsync("Backend=simulated", "Simulated:TokensPerSecond=100", "Simulated:MinTokens=400", "Simulated:MaxTokens=400");
        var undisturbed = await ReadAsync(gateway, 0, seed: 1, moves: 0);
        var reading = ReadAsync(gateway, 0, seed: 1, moves: 0);
        var worker = "";
        await gateway.UntilAsync("it runs", async () =>
            (worker = (await gateway.WorkersAsync()).FirstOrDefault(one => one.Sequences.Any(sequence => sequence.DeviceTokens > 0))?.Worker ?? "").Length > 0);
        await gateway.Http.OrderAsync($"admin/workers/{worker}/evacuate");
        await gateway.UntilAsync("nothing is left on it", async () => (await gateway.WorkersAsync()).Single(one => one.Worker == worker).Sequences.IsEmpty);

        var evacuated = await reading;
        Assert.Equal(undisturbed.Text, evacuated.Text);
        Assert.Equal(1, evacuated.Usage.GetProperty("pharos").GetProperty("migrations").GetInt32());
        await gateway.Http.OrderAsync($"admin/workers/{worker}/undrain");
        await gateway.UntilNothingIsHeldAsync();
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Hundreds_of_moves_under_load_change_no_token()
    {
        await using var gateway = await PharosGateway.StartAsync("DemoTools:Latency=fixed:0.05", "Policy:Pause=pharos");
        string[] questions = ["count to 15", "What is 127*43+9?", "what is the weather in Oslo?", "who are you?"];
        var asked = Enumerable.Range(0, 16).Select(i => (Question: questions[i % 4], Temperature: i % 3 * 0.4f, Seed: i)).ToList();
        var undisturbed = new List<string>();
        foreach (var (question, temperature, seed) in asked)
            undisturbed.Add((await ReadAsync(gateway, temperature, seed, moves: 0, question)).Text);
        using var stop = new CancellationTokenSource();
        var moving = MoveAllAsync(gateway, stop.Token);
        var migrations = 0;
        for (var round = 0; round < 40 && migrations < 300; round++)
        {
            var answers = await Task.WhenAll(asked.Select(one => ReadAsync(gateway, one.Temperature, one.Seed, moves: 0, one.Question)));
            Assert.Equal(undisturbed, answers.Select(answer => answer.Text));
            migrations += answers.Sum(answer => answer.Usage.GetProperty("pharos").GetProperty("migrations").GetInt32());
        }

        await stop.CancelAsync();
        await moving;
        Assert.True(migrations >= 100, $"only {migrations} moves: hardly tested");
        await gateway.UntilNothingIsHeldAsync();
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Rebalancing_says_what_would_move_and_why()
    {
        await using var gateway = await PharosGateway.StartAsync("Policy:Pause=preserve", "Migration:Automatic=false");
        var plan = (await gateway.Http.OrderAsync("admin/rebalance?dryRun=true")).Json;
        Assert.Equal(["dryRun", "moves", "workers", "because"], plan.EnumerateObject().Select(field => field.Name));
        Assert.Equal((true, 0, 2), (plan.GetProperty("dryRun").GetBoolean(), plan.GetProperty("moves").GetArrayLength(), plan.GetProperty("workers").GetArrayLength()));
        Assert.StartsWith("what workers have to serve differs by", plan.GetProperty("because").GetString());

        var parked = await gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?").WithTools("calculator"));
        var id = parked.Json.GetProperty("id").GetString()!;
        var from = (await gateway.RequestAsync(id)).GetProperty("worker").GetString()!;
        Assert.Equal(HttpStatusCode.Conflict, (await gateway.Http.OrderAsync($"admin/requests/{id}/migrate?to={from}")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await gateway.Http.OrderAsync($"admin/requests/{id}/migrate?to=nowhere")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Http.OrderAsync("admin/requests/nobody/migrate")).Status);
        await gateway.Http.OrderAsync($"admin/requests/{id}/cancel");
    }

    private static async Task MoveAllAsync(PharosGateway gateway, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (var request in (await gateway.WorkersAsync()).SelectMany(worker => worker.Sequences).Select(sequence => sequence.Request).ToList())
                await gateway.Http.OrderAsync($"admin/requests/{request}/migrate");
        }
    }

    private static async Task<(string Text, JsonElement Usage)> ReadAsync(
        PharosGateway gateway, float temperature, int seed, int moves, string question = "Tell me a story.")
    {
        var body = Wire.Ask(question).RunTools().Streaming();
        body["temperature"] = temperature;
        body["seed"] = seed;
        body["stream_options"] = new JsonObject { ["include_usage"] = true };
        var text = new StringBuilder();
        var (moving, id, usage) = (Task.CompletedTask, default(string), default(JsonElement));
        await foreach (var one in gateway.Http.StreamAsync(body))
        {
            if (one.Data == "[DONE]")
                break;
            if (one.Name.Length > 0)
                continue; // a tool's
            if (id is null)
            {
                id = one.Json.GetProperty("id").GetString()!;
                moving = MoveAsync(gateway, id, moves);
            }

            if (one.Json.TryGetProperty("usage", out var totals) && totals.ValueKind == JsonValueKind.Object)
                usage = totals;
            foreach (var choice in one.Json.GetProperty("choices").EnumerateArray())
                text.Append(choice.GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString() : "");
        }

        await moving;
        return (text.ToString(), usage);
    }

    private static async Task MoveAsync(PharosGateway gateway, string id, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var before = Migrations(await gateway.RequestAsync(id));
            if ((await gateway.Http.OrderAsync($"admin/requests/{id}/migrate")).Status == HttpStatusCode.Accepted)
                await gateway.UntilAsync("it has moved or ended", async () => await gateway.RequestAsync(id) is var now && (Migrations(now) > before || now.GetProperty("state").GetString() != "running"));
        }
    }

    private static int Migrations(JsonElement request) => request.GetProperty("usage").GetProperty("migrations").GetInt32();
}
