using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace Pharos.Bench.Cluster.Drills;

/// <summary>
/// A request that waits for its client's tool is sent from silo to silo with its cache while nothing else happens, and then goes on: how long a move takes, and how many
/// bytes a second that is.
/// </summary>
internal sealed class ParkedDrill(int moves, int tokens) : IDrill
{
    private const int WarmUp = 3; // the first moves compile code and open connections
    private const string Tools =
        """[{"type":"function","function":{"name":"note","description":"takes note","parameters":{"type":"object","properties":{"as":{"type":"string","enum":["read"]}},"required":["as"],"additionalProperties":false}}}]""";

    public Script[] Scripts => [];

    public IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Pharos__Policy__Pause"] = "preserve",
        ["Pharos__Policy__Route"] = "cache-owner",
        ["Pharos__Migration__Automatic"] = "false",
        ["Pharos__Kv__DeviceBytes"] = $"{256L << 20}",
    };

    public async Task Run(LocalCluster cluster, Traffic traffic, Report report)
    {
        var served = await cluster.Client.GetFromJsonAsync<JsonElement>("/v1/models");
        var model = served.GetProperty("data")[0].GetProperty("id").GetString()!;
        var question = await Question(cluster.Client, model);
        var parked = await Ask(cluster.Client, $$"""{{question}}]}""");
        var said = parked.GetProperty("choices")[0].GetProperty("message");
        var context = parked.GetProperty("usage").GetProperty("total_tokens").GetInt32();
        if (!said.TryGetProperty("tool_calls", out var calls))
            throw new DrillFailedException($"No tool was called: {parked}");
        var call = calls[0].GetProperty("id").GetString()!;
        var request = call.Split('_')[1];
        await Task.Delay(TimeSpan.FromSeconds(1.5)); // workers report twice a second
        var bytes = await cluster.Shown("pharos_kv_bytes", "tier=\"device\",use=\"parked\"");

        var workers = await cluster.Workers();
        var at = (await cluster.Client.GetFromJsonAsync<JsonElement>($"/admin/requests/{request}")).GetProperty("worker").GetString();
        var seconds = new List<double>();
        for (var move = 0; move < WarmUp + moves; move++)
        {
            at = workers.First(worker => worker != at);
            var before = await cluster.Counted("pharos_migration_seconds_sum", "");
            if (!await cluster.Move(request, at))
                throw new DrillFailedException($"Move {move} of request {request} to {at} did not begin.");
            await Arrived(cluster, move + 1);
            if (move >= WarmUp)
                seconds.Add(await cluster.Counted("pharos_migration_seconds_sum", "") - before);
        }

        var answer = await Ask(cluster.Client, $$$"""{{{question}}},{{{said.GetRawText()}}},{"role":"tool","tool_call_id":"{{{call}}}","content":"noted"}]}""");
        var cached = answer.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
        if (cached < context - 2)
            throw new DrillFailedException($"Of {context} tokens only {cached} were in the cache after the moves.");
        var sorted = seconds.Order().ToList();
        var median = sorted[sorted.Count / 2];
        report.Say(FormattableString.Invariant(
            $"a parked request of {context} tokens moved {moves} times: median {1e3 * median:F1} ms, least {1e3 * sorted[0]:F1}, most {1e3 * sorted[^1]:F1}; {bytes / 1e6:F1} MB of cache, so {bytes / 1e6 / median:F0} MB/s; resumed with {cached} tokens cached"));
    }

    // Words until the context is as long as wanted. With a temperature: the grammar allows white space in a call, which a model of random weights would not get out of.
    private async Task<string> Question(HttpClient client, string model)
    {
        const string Words = "What is the weather in Oslo? ";
        string Body(int characters) =>
            $$$"""{"model":"{{{model}}}","temperature":1,"seed":1,"max_tokens":{{{tokens / 8}}},"tool_choice":"required","parallel_tool_calls":false,"tools":{{{Tools}}},"messages":[{"role":"user","content":"{{{string.Concat(Enumerable.Repeat(Words, characters / Words.Length + 1))[..characters]}}}"}""";
        async Task<int> Count(int characters) => (await Tokenize(client, $$"""{{Body(characters)}}]}""")).GetProperty("count").GetInt32();

        var (few, more) = (await Count(100), await Count(400));
        return Body(Math.Max(1, 100 + (tokens - few) * 300 / (more - few)));
    }

    private static Task<JsonElement> Ask(HttpClient client, string body) => Post(client, "/v1/chat/completions", body);

    private static Task<JsonElement> Tokenize(HttpClient client, string body) => Post(client, "/tokenize", body);

    private static async Task<JsonElement> Post(HttpClient client, string path, string body)
    {
        using var answer = await client.PostAsync(path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadFromJsonAsync<JsonElement>()
            : throw new DrillFailedException($"{path} was answered with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    private static async Task Arrived(LocalCluster cluster, int moves)
    {
        for (var began = Stopwatch.GetTimestamp(); await cluster.Counted("pharos_migrations_total", "outcome=\"done\"") < moves;)
        {
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(20))
                throw new DrillFailedException($"Move {moves} has not arrived.");
            await Task.Delay(50);
        }
    }
}
