using System.Net;
using System.Text.Json.Nodes;

namespace Pharos.EndToEnd.Tests;

/// <summary>What a request says depends on the request: not on its neighbours in the batch, nor on what became of its cache.</summary>
public sealed class DeterminismTests
{
    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Seeded_request_says_the_same_alone_and_in_a_crowd()
    {
        await using var gateway = await PharosGateway.StartAsync();
        var alone = await AnswerAsync(gateway, Seeded());
        var crowd = Enumerable.Range(0, 30).Select(i => gateway.Http.PostAsync(Neighbour(i))).ToList();
        var among = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => AnswerAsync(gateway, Seeded())));
        Assert.All(await Task.WhenAll(crowd), reply => Assert.Equal(HttpStatusCode.OK, reply.Status));
        Assert.All(among, text => Assert.Equal(alone, text));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Answer_is_the_same_whatever_is_done_with_the_cache_while_the_tool_runs()
    {
        var answers = new List<(string Policy, string Text, string Decision)>();
        foreach (var policy in (string[])["preserve", "swap", "discard", "lamps"])
        {
            await using var gateway = await PharosGateway.StartAsync($"Policy:Pause={policy}", "DemoTools:Latency=fixed:0.05");
            var reply = await gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?", body => (body["temperature"], body["seed"]) = (0.8, 7)).RunTools());
            var receipts = (await gateway.RequestAsync(reply.Json.GetProperty("id").GetString()!)).GetProperty("receipts");
            var server = reply.Content!;
            var decision = receipts.EnumerateArray().Select(receipt => receipt.GetProperty("decision").GetString()!).FirstOrDefault("none");
            answers.Add((policy, server + " / " + await ClientSideAsync(gateway), decision));
        }

        Assert.All(answers, answer => Assert.Equal(answers[0].Text, answer.Text));
        Assert.All(answers[..3], answer => Assert.Equal(answer.Policy, answer.Decision));
    }

    private static async Task<string> ClientSideAsync(PharosGateway gateway)
    {
        var question = Wire.Message("user", "What is the weather in Oslo?");
        var asked = await gateway.Http.PostAsync(Wire.Chat([question]).WithTools("get_weather"));
        var message = JsonNode.Parse(asked.Choice.GetProperty("message").GetRawText())!.AsObject();
        var call = message["tool_calls"]![0]!["id"]!.GetValue<string>();
        var answered = await gateway.Http.PostAsync(
            Wire.Chat([question, message, Wire.ToolMessage(call, """{"temp_c": 7, "sky": "sunny"}""")]).WithTools("get_weather"));
        Assert.Equal(HttpStatusCode.OK, answered.Status);
        return answered.Content!;
    }

    private static async Task<string> AnswerAsync(PharosGateway gateway, JsonObject body)
    {
        var reply = await gateway.Http.PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        return reply.Choice.GetProperty("message").GetRawText();
    }

    private static JsonObject Seeded() => Wire.Ask("Tell me about the sea.", body => (body["temperature"], body["seed"], body["max_tokens"]) = (0.8, 7, 120));

    private static JsonObject Neighbour(int i)
    {
        var body = Wire.Ask($"What is {i * 37}+{i}?", body => (body["temperature"], body["seed"], body["max_tokens"]) = (0.1 * (i % 12), i, 20 + (5 * i)));
        return i % 3 == 0 ? body.RunTools() : body;
    }
}
