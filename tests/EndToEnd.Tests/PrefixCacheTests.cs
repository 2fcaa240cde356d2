using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pharos.EndToEnd.Tests;

/// <summary>What requests begin with is computed once for a tenant, and nobody can tell from the answers.</summary>
public sealed class PrefixCacheTests
{
    private const string Rules = "You answer in one short sentence. You know the weather, the time and how to calculate, and you say so when you do not know.";

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Requests_that_begin_alike_say_what_they_say_alone_and_compute_less()
    {
        var questions = new[] { "What is 12*12?", "Tell me about the sea.", "What is 12*12?", "Who are you?", "Tell me about the sea." };
        var answers = new Dictionary<string, List<(string Text, int Cached, int Prompt)>>();
        foreach (var share in new[] { "0", "1" })
        {
            await using var gateway = await PharosGateway.StartAsync("Workers=1", $"Kv:PrefixShare={share}");
            answers[share] = [];
            foreach (var question in questions)
                answers[share].Add(await AnswerAsync(gateway, Asked(question)));
            await gateway.UntilNothingIsHeldAsync();
        }

        Assert.Equal(answers["0"].Select(answer => answer.Text), answers["1"].Select(answer => answer.Text));
        Assert.All(answers["0"], answer => Assert.Equal(0, answer.Cached));
        Assert.Equal(0, answers["1"][0].Cached);
        Assert.All(answers["1"].Skip(1), answer => Assert.InRange(answer.Cached, 32, answer.Prompt - 1));
        var (_, again, prompt) = answers["1"][2]; // the very same prompt: all but what is not a whole block
        Assert.InRange(again, prompt - 16, prompt - 1);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Transcript_that_was_edited_goes_on_from_what_it_has_in_common()
    {
        await using var gateway = await PharosGateway.StartAsync("Workers=1");
        JsonObject[] asked = [Wire.Message("system", Rules), Wire.Message("user", "What is the weather in Oslo?")];
        var first = await gateway.Http.PostAsync(Wire.Chat(asked).WithTools("get_weather"));
        var message = JsonNode.Parse(first.Choice.GetProperty("message").GetRawText())!.AsObject();
        var call = message["tool_calls"]![0]!["id"]!.GetValue<string>();
        JsonObject[] edited =
            [Wire.Message("system", Rules), Wire.Message("user", "What is the weather in Rome?"), message, Wire.ToolMessage(call, """{"temp_c": 7, "sky": "sunny"}""")];
        var answer = await gateway.Http.PostAsync(Wire.Chat(edited).WithTools("get_weather"));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.InRange(CachedOf(answer.Json), 32, first.Json.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    private static JsonObject Asked(string question) =>
        Wire.Chat([Wire.Message("system", Rules), Wire.Message("user", question)], body => (body["temperature"], body["seed"], body["max_tokens"]) = (0.8, 11, 40));

    private static async Task<(string Text, int Cached, int Prompt)> AnswerAsync(PharosGateway gateway, JsonObject body)
    {
        var reply = await gateway.Http.PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        return (reply.Choice.GetProperty("message").GetRawText(), CachedOf(reply.Json), reply.Json.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    private static int CachedOf(JsonElement json) =>
        json.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
}
