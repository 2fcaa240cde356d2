using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpenAI.Responses;

#pragma warning disable OPENAI001 // the client marks all of this API as an experiment

namespace Pharos.EndToEnd.Tests;

/// <summary>The official client's side of the Responses API.</summary>
[Collection(Shared.Name)]
public sealed class ResponsesClientTests(SharedGateway shared)
{
    private ResponsesClient Client { get; } = new(new ApiKeyCredential("none"), new ResponsesClientOptions
    {
        Endpoint = new Uri(shared.Gateway.Url, "v1"),
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
    });

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Text_is_answered_kept_found_and_forgotten()
    {
        ResponseResult response = await Client.CreateResponseAsync(Ask("Hello!"));
        Assert.Equal(ResponseStatus.Completed, response.Status);
        Assert.NotEqual("", response.GetOutputText());
        Assert.True(response.Usage.InputTokenCount > 0 && response.Usage.OutputTokenCount > 0);

        ResponseResult found = await Client.GetResponseAsync(response.Id);
        Assert.Equal(response.GetOutputText(), found.GetOutputText());
        await Client.DeleteResponseAsync(response.Id);
        var gone = await Assert.ThrowsAsync<ClientResultException>(() => Client.GetResponseAsync(response.Id));
        Assert.Equal(404, gone.Status);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Streamed_text_is_the_text_of_the_whole_and_events_are_numbered_without_gaps()
    {
        ResponseResult whole = await Client.CreateResponseAsync(Ask("Hello!"));
        var (text, numbers, ended) = (new StringBuilder(), new List<int>(), (ResponseResult?)null);
        var options = Ask("Hello!");
        options.StreamingEnabled = true;
        await foreach (var update in await Client.CreateResponseStreamingAsync(options))
        {
            numbers.Add(update.SequenceNumber);
            if (update is StreamingResponseOutputTextDeltaUpdate delta)
                text.Append(delta.Delta);
            if (update is StreamingResponseCompletedUpdate completed)
                ended = completed.Response;
        }
        Assert.Equal(whole.GetOutputText(), text.ToString());
        Assert.Equal(whole.GetOutputText(), ended!.GetOutputText());
        Assert.Equal(Enumerable.Range(0, numbers.Count), numbers);
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_is_answered_by_the_id_of_the_response_that_made_it_and_the_parked_request_goes_on(bool streaming)
    {
        var options = Ask("What is 127*43+9?");
        options.Tools.Add(Calculator());
        var asked = streaming ? await StreamAsync(options) : (ResponseResult)await Client.CreateResponseAsync(options);
        var call = Assert.IsType<FunctionCallResponseItem>(Assert.Single(asked.OutputItems));
        Assert.Equal("calculator", call.FunctionName);
        Assert.Equal("127*43+9", JsonDocument.Parse(call.FunctionArguments).RootElement.GetProperty("expression").GetString());

        var next = new CreateResponseOptions { Model = PharosGateway.Model, Temperature = 0, MaxOutputTokenCount = 100, PreviousResponseId = asked.Id };
        next.InputItems.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, "5470"));
        next.Tools.Add(Calculator());
        ResponseResult answered = await Client.CreateResponseAsync(next);
        Assert.Contains("5470", answered.GetOutputText());
        Assert.Equal(asked.Id, answered.PreviousResponseId);
        Assert.True(answered.Usage.InputTokenDetails.CachedTokenCount >= asked.Usage.InputTokenCount, "prompt and call were in the cache");
        Assert.StartsWith(asked.Id, answered.Id, StringComparison.Ordinal); // the same request
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Conversation_goes_on_from_a_response_and_instructions_are_of_one_response_alone()
    {
        var first = Ask("Hello!");
        first.Instructions = "You are brief.";
        ResponseResult begun = await Client.CreateResponseAsync(first);
        var second = Ask("And who are you?");
        second.PreviousResponseId = begun.Id;
        ResponseResult gone = await Client.CreateResponseAsync(second);
        ResponseResult alone = await Client.CreateResponseAsync(Ask("And who are you?"));
        Assert.True(gone.Usage.InputTokenCount > alone.Usage.InputTokenCount, "what was said before is part of the prompt");

        second.PreviousResponseId = "resp_never";
        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => Client.CreateResponseAsync(second));
        Assert.Equal(400, unknown.Status);
        Assert.Contains("previous_response_not_found", unknown.Message);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Answer_keeps_a_schema_and_one_that_is_cut_is_incomplete()
    {
        var options = Ask("How is the weather in Oslo?");
        options.TextOptions = new ResponseTextOptions
        {
            TextFormat = ResponseTextFormat.CreateJsonSchemaFormat(
                "sky", BinaryData.FromString("""{"type":"object","properties":{"sky":{"enum":["sunny","grey"]}},"required":["sky"],"additionalProperties":false}"""), jsonSchemaIsStrict: true),
        };
        ResponseResult kept = await Client.CreateResponseAsync(options);
        Assert.Contains(JsonDocument.Parse(kept.GetOutputText()).RootElement.GetProperty("sky").GetString(), (string[])["sunny", "grey"]);

        var cut = Ask("Tell me about the sea.");
        cut.MaxOutputTokenCount = 3;
        ResponseResult incomplete = await Client.CreateResponseAsync(cut);
        Assert.Equal(ResponseStatus.Incomplete, incomplete.Status);
        Assert.Equal(ResponseIncompleteStatusReason.MaxOutputTokens, incomplete.IncompleteStatusDetails.Reason);
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData("""{"model":"spark"}""", "input")]
    [InlineData("""{"model":"spark","input":[]}""", "input")]
    [InlineData("""{"model":"spark","input":[{"type":"image"}]}""", "input[0].type")]
    [InlineData("""{"model":"spark","input":[{"role":"user","content":[{"type":"input_image"}]}]}""", "input[0].content[0].type")]
    [InlineData("""{"model":"spark","input":[{"type":"function_call_output","call_id":"c","output":"1"}]}""", "input")]
    [InlineData("""{"model":"spark","input":"x","tools":[{"type":"web_search"}]}""", "tools[0].type")]
    [InlineData("""{"model":"spark","input":"x","text":{"format":{"type":"yaml"}}}""", "text.format.type")]
    [InlineData("""{"model":"spark","input":"x","include":["file_search_call.results"]}""", "include[0]")]
    [InlineData("""{"model":"spark","input":"x","background":true}""", "background")]
    [InlineData("""{"model":"spark","input":"x","truncation":"auto"}""", "truncation")]
    [InlineData("""{"model":"spark","input":"x","max_output_tokens":0}""", "max_output_tokens")]
    public async Task Wrong_field_is_400_that_names_it(string body, string field)
    {
        var reply = await shared.Gateway.Http.PostToAsync("v1/responses", body);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal(field, reply.Error.GetProperty("param").GetString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Cluster_runs_its_tools_and_log_probabilities_are_told()
    {
        var body = new JsonObject
        {
            ["model"] = PharosGateway.Model, ["input"] = "What is 127*43+9?", ["temperature"] = 0, ["pharos"] = new JsonObject { ["run_tools"] = true },
            ["include"] = new JsonArray("message.output_text.logprobs"), ["top_logprobs"] = 2, ["store"] = false,
        };
        var reply = await shared.Gateway.Http.PostToAsync("v1/responses", body.ToJsonString());
        Assert.Equal("calculator", reply.Json.GetProperty("pharos").GetProperty("tool_calls")[0].GetProperty("name").GetString());
        var part = reply.Json.GetProperty("output").EnumerateArray().Last().GetProperty("content")[0];
        Assert.Contains("5470", part.GetProperty("text").GetString());
        Assert.All(part.GetProperty("logprobs").EnumerateArray(), token => Assert.Equal(2, token.GetProperty("top_logprobs").GetArrayLength()));
        Assert.NotEqual(0, part.GetProperty("logprobs").GetArrayLength());
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await shared.Gateway.Http.FetchAsync("v1/responses/" + reply.Json.GetProperty("id").GetString())).Status);
    }

    private async Task<ResponseResult> StreamAsync(CreateResponseOptions options)
    {
        options.StreamingEnabled = true;
        var arguments = new StringBuilder();
        await foreach (var update in await Client.CreateResponseStreamingAsync(options))
        {
            if (update is StreamingResponseFunctionCallArgumentsDeltaUpdate delta)
                arguments.Append(delta.Delta);
            if (update is not StreamingResponseCompletedUpdate { Response: var whole })
                continue;
            Assert.Equal(arguments.ToString(), Assert.IsType<FunctionCallResponseItem>(whole.OutputItems[^1]).FunctionArguments.ToString());
            return whole;
        }
        throw new InvalidOperationException("The stream ended before the response was completed.");
    }

    private static CreateResponseOptions Ask(string question)
    {
        var options = new CreateResponseOptions { Model = PharosGateway.Model, Temperature = 0, MaxOutputTokenCount = 100 };
        options.InputItems.Add(ResponseItem.CreateUserMessageItem(question));
        return options;
    }

    private static FunctionTool Calculator() => ResponseTool.CreateFunctionTool(
        "calculator", BinaryData.FromString("""{"type":"object","properties":{"expression":{"type":"string"}},"required":["expression"],"additionalProperties":false}"""), strictModeEnabled: true);
}
