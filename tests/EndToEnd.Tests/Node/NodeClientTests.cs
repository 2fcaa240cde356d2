using System.Text.Json;

namespace Pharos.EndToEnd.Tests;

/// <summary>The official JavaScript client, with nothing of ours in it but the address.</summary>
[Collection(Shared.Name)]
public sealed class NodeClientTests(SharedGateway shared)
{
    [NodeFact]
    public async Task Chat_whole_and_streamed()
    {
        var said = await RunAsync("chat");
        Assert.NotEqual("", said.GetProperty("whole").GetString());
        Assert.Equal(said.GetProperty("whole").GetString(), said.GetProperty("streamed").GetString());
        Assert.Equal(said.GetProperty("tokens").GetInt32(), said.GetProperty("streamedTokens").GetInt32());
        Assert.Equal("stop", said.GetProperty("finish").GetString());
    }

    [NodeFact]
    public async Task Tools_called_by_the_model_and_because_they_must()
    {
        var called = await RunAsync("tools");
        Assert.Equal("127*43+9", called.GetProperty("auto").GetString());
        Assert.Contains("5470", called.GetProperty("final").GetString());
        Assert.True(Assert.Single(called.GetProperty("required").EnumerateArray()).TryGetProperty("expression", out _));
        Assert.Equal("calculator", Assert.Single(called.GetProperty("named").EnumerateArray())[0].GetString());
    }

    [NodeFact]
    public async Task Structured_output_parses() => Assert.Contains((await RunAsync("structured")).GetProperty("sky").GetString(), (string[])["sunny", "grey"]);

    [NodeFact]
    public async Task Log_probabilities_spell_the_text()
    {
        var told = await RunAsync("logprobs");
        Assert.Equal(told.GetProperty("text").GetString(), told.GetProperty("joined").GetString());
        Assert.All(told.GetProperty("tops").EnumerateArray(), tops => Assert.Equal(2, tops.GetInt32()));
    }

    [NodeFact]
    public async Task Errors_are_the_clients_own_types()
    {
        var errors = await RunAsync("errors");
        var model = errors.GetProperty("model");
        Assert.Equal(("NotFoundError", 404, "model_not_found"), (Text(model, "name"), model.GetProperty("status").GetInt32(), Text(model, "code")));
        var field = errors.GetProperty("field");
        Assert.Equal(("BadRequestError", "temperature", "invalid_request_error"), (Text(field, "name"), Text(field, "param"), Text(field, "type")));
        Assert.NotEqual("", Text(field, "requestID"));
        Assert.Equal("NotFoundError", Text(errors.GetProperty("path"), "name"));
    }

    [NodeFact]
    public async Task Client_that_leaves_a_stream_takes_its_request_along()
    {
        await using var gateway = await PharosGateway.StartAsync("Backend=simulated", "Simulated:TokensPerSecond=20", "Simulated:MinTokens=600", "Simulated:MaxTokens=600");
        Assert.Equal(3, (await NodeClient.RunAsync(gateway.Url, "cancellation")).GetProperty("chunks").GetInt32());
        await gateway.UntilNothingIsHeldAsync();
    }

    [NodeFact]
    public async Task Completions_and_models()
    {
        var said = await RunAsync("completions");
        Assert.StartsWith("Hello", Text(said, "text"));
        Assert.Equal("spark", Assert.Single(said.GetProperty("models").EnumerateArray()).GetString());
        Assert.Equal("spark", Text(said, "one"));
    }

    [NodeFact]
    public async Task Responses_whole_streamed_and_gone_on_from()
    {
        var said = await RunAsync("responses");
        Assert.NotEqual("", Text(said, "whole"));
        Assert.Equal(Text(said, "whole"), Text(said, "streamed"));
        Assert.Equal(Text(said, "whole"), Text(said, "found"));
        Assert.Equal(("response.created", "response.completed"), (Text(said, "first"), Text(said, "last")));
        Assert.True(said.GetProperty("previous").GetBoolean());
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private Task<JsonElement> RunAsync(string scenario) => NodeClient.RunAsync(shared.Gateway.Url, scenario);
}
