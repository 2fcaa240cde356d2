using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpenAI.Chat;

namespace Pharos.EndToEnd.Tests;

/// <summary>How sure the model was, what it would have said instead, and what is said when its wishes are bent.</summary>
[Collection(Shared.Name)]
public sealed class LogprobTests(SharedGateway shared)
{
    private HttpClient Http => shared.Gateway.Http;

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Every_token_of_a_greedy_answer_is_the_likeliest_and_together_they_are_the_text()
    {
        ChatCompletion completion = await shared.Gateway.Chat().CompleteChatAsync([new UserChatMessage("Hello!")], Options());
        var told = completion.ContentTokenLogProbabilities;
        Assert.Equal(completion.Usage.OutputTokenCount - 1, told.Count); // the end of the turn is no text
        Assert.Equal(completion.Content[0].Text, Encoding.UTF8.GetString([.. told.SelectMany(token => token.Utf8Bytes!.Value.ToArray())]));
        Assert.All(told, token => Assert.InRange(token.LogProbability, -9999, 0));
        Assert.All(told, token => Assert.Equal(3, token.TopLogProbabilities.Count));
        Assert.All(told, token => Assert.Equal(token.LogProbability, token.TopLogProbabilities[0].LogProbability));
        Assert.All(told, token => Assert.Equal(token.Token, token.TopLogProbabilities[0].Token));
        Assert.All(told, token => Assert.InRange(token.TopLogProbabilities.Sum(top => Math.Exp(top.LogProbability)), 0.0, 1.0001));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Streamed_log_probabilities_are_those_of_the_whole_answer()
    {
        ChatCompletion whole = await shared.Gateway.Chat().CompleteChatAsync([new UserChatMessage("Hello!")], Options());
        var streamed = new List<ChatTokenLogProbabilityDetails>();
        await foreach (var update in shared.Gateway.Chat().CompleteChatStreamingAsync([new UserChatMessage("Hello!")], Options()))
            streamed.AddRange(update.ContentTokenLogProbabilities);
        Assert.Equal(whole.ContentTokenLogProbabilities.Select(token => (token.Token, token.LogProbability)), streamed.Select(token => (token.Token, token.LogProbability)));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Log_probabilities_do_not_depend_on_the_neighbours_in_the_batch()
    {
        var alone = await TellAsync();
        var crowd = Enumerable.Range(0, 12).Select(i => Http.PostAsync(Wire.Ask($"What is {i}+{i * i}?", body => body["max_tokens"] = 40))).ToList();
        var among = await Task.WhenAll(TellAsync(), TellAsync());
        Assert.All(await Task.WhenAll(crowd), reply => Assert.Equal(HttpStatusCode.OK, reply.Status));
        Assert.All(among, told => Assert.Equal(alone, told));

        async Task<string> TellAsync()
        {
            var reply = await Http.PostAsync(Wire.Ask("Tell me about the sea.", body => (body["logprobs"], body["top_logprobs"], body["temperature"], body["seed"], body["max_tokens"]) = (true, 5, 0.8, 11, 40)));
            return reply.Choice.GetProperty("logprobs").GetProperty("content").GetRawText();
        }
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Banned_token_is_never_said_and_a_wanted_one_always()
    {
        var plain = await Http.PostAsync(Wire.Ask("Hello!", body => body["max_tokens"] = 12));
        var first = plain.Content![0];
        var banned = await Http.PostAsync(Wire.Ask("Hello!", body => (body["max_tokens"], body["logit_bias"]) = (12, new JsonObject { [((int)first).ToString()] = -100 })));
        Assert.DoesNotContain(first, banned.Content!);
        var wanted = await Http.PostAsync(Wire.Ask("Hello!", body => (body["max_tokens"], body["logit_bias"]) = (5, new JsonObject { [((int)'x').ToString()] = 100 })));
        Assert.Equal("xxxxx", wanted.Content);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Frequency_penalty_ends_a_repetition()
    {
        Action<JsonObject> insist = body => (body["max_tokens"], body["logit_bias"]) = (8, new JsonObject { [((int)'x').ToString()] = 40, [((int)'y').ToString()] = 39 });
        var stuck = await Http.PostAsync(Wire.Ask("Hello!", insist));
        var penalised = await Http.PostAsync(Wire.Ask("Hello!", body =>
        {
            insist(body);
            body["frequency_penalty"] = 2;
        }));
        Assert.True(Distinct(penalised.Content!) > Distinct(stuck.Content!), $"{stuck.Content} and {penalised.Content}");

        static int Distinct(string text) => text.Distinct().Count();
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Several_answers_come_in_one_response_and_the_first_is_the_one_that_comes_alone()
    {
        var one = await Http.PostAsync(Seeded(1));
        var three = await Http.PostAsync(Seeded(3));
        Assert.Equal(HttpStatusCode.OK, three.Status);
        var choices = three.Json.GetProperty("choices").EnumerateArray().ToList();
        Assert.Equal([0, 1, 2], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        var texts = choices.Select(choice => choice.GetProperty("message").GetProperty("content").GetString()!).ToList();
        Assert.Equal(one.Content, texts[0]);
        Assert.True(texts.Distinct().Count() > 1, "three draws of one model");
        var (usage, alone) = (three.Json.GetProperty("usage"), one.Json.GetProperty("usage"));
        Assert.Equal(alone.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("prompt_tokens").GetInt32());
        Assert.True(usage.GetProperty("completion_tokens").GetInt32() > alone.GetProperty("completion_tokens").GetInt32());

        var streamed = new string[3];
        var ended = new HashSet<int>();
        await foreach (var step in Http.StreamAsync(Seeded(3).Streaming()))
        {
            if (step.Data == "[DONE]")
                continue;
            foreach (var choice in step.Json.GetProperty("choices").EnumerateArray())
            {
                if (choice.GetProperty("delta").TryGetProperty("content", out var content))
                    streamed[choice.GetProperty("index").GetInt32()] += content.GetString();
                if (choice.GetProperty("finish_reason").ValueKind == JsonValueKind.String)
                    ended.Add(choice.GetProperty("index").GetInt32());
            }
        }
        Assert.Equal(texts, streamed);
        Assert.Equal(3, ended.Count);
    }

    // The embedded model is sure of all it says: among letters that are wished for alike it has to draw.
    private static JsonObject Seeded(int answers) => Wire.Ask("Tell me about the sea.", body =>
    {
        (body["n"], body["temperature"], body["seed"], body["max_tokens"]) = (answers, 2, 7, 40);
        body["logit_bias"] = new JsonObject("abcdefghij".Select(letter => KeyValuePair.Create(((int)letter).ToString(), (JsonNode?)60)));
    });

    private static ChatCompletionOptions Options() => new() { Temperature = 0, MaxOutputTokenCount = 60, IncludeLogProbabilities = true, TopLogProbabilityCount = 3 };
}
