using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pharos.EndToEnd.Tests;

/// <summary>Texts gone on with, and texts as tokens: what older clients and evaluation harnesses use.</summary>
[Collection(Shared.Name)]
public sealed class CompletionTests(SharedGateway shared)
{
    private const string Path = "v1/completions";
    private const string Prompt = "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n";

    private HttpClient Http => shared.Gateway.Http;

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Prompt_that_spells_a_chat_is_answered_as_the_chat_is()
    {
        var chat = await Http.PostAsync(Wire.Ask("Hello!"));
        var reply = await PostAsync(Body(Prompt));
        Assert.Equal("text_completion", reply.Json.GetProperty("object").GetString());
        Assert.Equal(chat.Content, Text(reply));
        Assert.Equal("stop", reply.Choice.GetProperty("finish_reason").GetString());
        Assert.Equal(chat.Json.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), reply.Json.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Tokens_are_the_text_and_the_text_its_tokens()
    {
        var tokenized = await Http.PostToAsync("tokenize", new JsonObject { ["model"] = PharosGateway.Model, ["prompt"] = Prompt, ["return_token_strs"] = true }.ToJsonString());
        var tokens = tokenized.Json.GetProperty("tokens");
        Assert.Equal(tokens.GetArrayLength(), tokenized.Json.GetProperty("count").GetInt32());
        Assert.Equal(Prompt, string.Concat(tokenized.Json.GetProperty("token_strs").EnumerateArray().Select(one => one.GetString())));
        var text = await Http.PostToAsync("detokenize", $$"""{"tokens":{{tokens.GetRawText()}}}""");
        Assert.Equal(Prompt, text.Json.GetProperty("prompt").GetString());
        var chat = await Http.PostToAsync("tokenize", Wire.Ask("Hello!").ToJsonString());
        Assert.Equal(tokens.GetRawText(), chat.Json.GetProperty("tokens").GetRawText());

        var byTokens = Body("");
        byTokens["prompt"] = JsonNode.Parse(tokens.GetRawText());
        Assert.Equal(Text(await PostAsync(Body(Prompt))), Text(await PostAsync(byTokens)));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Several_prompts_with_several_answers_stand_in_order_each_after_its_prompt()
    {
        var body = Body(Prompt);
        body["prompt"] = new JsonArray("What is ", Prompt);
        (body["n"], body["echo"], body["max_tokens"]) = (2, true, 8);
        var reply = await PostAsync(body);
        var texts = reply.Json.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()!).ToList();
        Assert.Equal([0, 1, 2, 3], reply.Json.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.All(texts[..2], text => Assert.StartsWith("What is ", text));
        Assert.All(texts[2..], text => Assert.StartsWith(Prompt, text));

        var streamed = new string[4];
        await foreach (var one in Http.StreamAsync(body.Streaming(), path: Path))
        {
            if (one.Data == "[DONE]")
                continue;
            foreach (var choice in one.Json.GetProperty("choices").EnumerateArray())
                streamed[choice.GetProperty("index").GetInt32()] += choice.GetProperty("text").GetString();
        }
        Assert.Equal(texts, streamed);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Log_probabilities_stand_in_columns()
    {
        var body = Body(Prompt);
        body["logprobs"] = 3;
        var reply = await PostAsync(body);
        var told = reply.Choice.GetProperty("logprobs");
        var tokens = told.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!).ToList();
        Assert.Equal(Text(reply), string.Concat(tokens));
        Assert.Equal(tokens.Count, told.GetProperty("token_logprobs").GetArrayLength());
        Assert.All(told.GetProperty("top_logprobs").EnumerateArray(), top => Assert.InRange(top.EnumerateObject().Count(), 1, 3));
        Assert.Equal(0, told.GetProperty("text_offset")[0].GetInt32());
        Assert.Equal(Text(reply).Length - tokens[^1].Length, told.GetProperty("text_offset").EnumerateArray().Last().GetInt32());
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData("""{"model":"spark"}""", "prompt")]
    [InlineData("""{"model":"spark","prompt":7}""", "prompt")]
    [InlineData("""{"model":"spark","prompt":[]}""", "prompt")]
    [InlineData("""{"model":"spark","prompt":["a",7]}""", "prompt[1]")]
    [InlineData("""{"model":"spark","prompt":[1,99999]}""", "prompt[1]")]
    [InlineData("""{"model":"spark","prompt":[[1],[1,-1]]}""", "prompt[1][1]")]
    [InlineData("""{"model":"spark","prompt":""}""", "prompt")]
    [InlineData("""{"model":"spark","prompt":"a","suffix":"b"}""", "suffix")]
    [InlineData("""{"model":"spark","prompt":"a","best_of":3}""", "best_of")]
    [InlineData("""{"model":"spark","prompt":"a","echo":true,"logprobs":1}""", "logprobs")]
    [InlineData("""{"model":"spark","prompt":"a","logprobs":6}""", "logprobs")]
    public async Task Wrong_field_is_400_that_names_it(string body, string field)
    {
        var reply = await Http.PostToAsync(Path, body);
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal(field, reply.Error.GetProperty("param").GetString());
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData("tokenize", """{"prompt":5}""", "prompt")]
    [InlineData("tokenize", """{"model":"spark"}""", "prompt")]
    [InlineData("detokenize", """{"tokens":["a"]}""", "tokens[0]")]
    [InlineData("detokenize", """{}""", "tokens")]
    [InlineData("v1/embeddings", """{"model":"spark","input":"a"}""", "model")]
    public async Task Other_routes_name_the_field_too(string path, string body, string field)
    {
        var reply = await Http.PostToAsync(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal(field, reply.Error.GetProperty("param").GetString());
    }

    private async Task<Reply> PostAsync(JsonObject body)
    {
        var reply = await Http.PostToAsync(Path, body.ToJsonString());
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        return reply;
    }

    private static string Text(Reply reply) => reply.Choice.GetProperty("text").GetString()!;

    private static JsonObject Body(string prompt) => new() { ["model"] = PharosGateway.Model, ["prompt"] = prompt, ["temperature"] = 0, ["max_tokens"] = 60 };
}
