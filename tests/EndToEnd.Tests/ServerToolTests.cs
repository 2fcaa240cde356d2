using System.Net;

namespace Pharos.EndToEnd.Tests;

/// <summary>The cluster calls the tools itself: the example of the README.</summary>
[Collection(Shared.Name)]
public sealed class ServerToolTests(SharedGateway shared)
{
    private HttpClient Http => shared.Gateway.Http;

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Stream_of_the_readme_lives_through_the_tool_call()
    {
        const string body = """{"model":"spark","stream":true,"pharos":{"run_tools":true},"messages":[{"role":"user","content":"What is 127*43+9?"}]}""";
        var events = await Http.StreamAsync(System.Text.Json.Nodes.JsonNode.Parse(body)!.AsObject()).ToListAsync();

        var call = Assert.Single(events, one => one.Name == "pharos.tool_call");
        var result = Assert.Single(events, one => one.Name == "pharos.tool_result");
        Assert.Equal("calculator", call.Json.GetProperty("name").GetString());
        Assert.Contains("127*43+9", call.Json.GetProperty("arguments").GetString());
        Assert.Equal(call.Json.GetProperty("id").GetString(), result.Json.GetProperty("id").GetString());
        Assert.Contains("5470", result.Json.GetProperty("result").GetString());
        Assert.False(result.Json.GetProperty("failed").GetBoolean());
        Assert.Equal("127*43+9 is 5470.", Wire.ContentOf(events));

        Assert.Equal("[DONE]", events[^1].Data);
        Assert.Empty(events[^2].Json.GetProperty("choices").EnumerateArray());
        Assert.True(events[^2].Json.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32() >= 0);
        Assert.Equal(1, events[^2].Json.GetProperty("usage").GetProperty("pharos").GetProperty("receipts").GetInt32());
        Assert.Equal("stop", events[^3].Json.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal("assistant", events[0].Json.GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        var (called, returned) = (events.IndexOf(call), events.IndexOf(result));
        Assert.True(called < returned);
        Assert.Equal("", Wire.ContentOf(events.Take(returned)));
        Assert.Single(events.Where(one => one.Name.Length == 0 && one.Data != "[DONE]").Select(one => one.Json.GetProperty("id").GetString()).Distinct());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Whole_answer_says_the_same_and_lists_the_calls()
    {
        var reply = await Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools());
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("127*43+9 is 5470.", reply.Content);
        Assert.Equal("stop", reply.Choice.GetProperty("finish_reason").GetString());
        var call = Assert.Single(reply.Json.GetProperty("pharos").GetProperty("tool_calls").EnumerateArray());
        Assert.Equal("calculator", call.GetProperty("name").GetString());
        Assert.Contains("5470", call.GetProperty("result").GetString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Weather_comes_from_the_tool()
    {
        var reply = await Http.PostAsync(Wire.Ask("What is the weather in Oslo?").RunTools());
        var call = Assert.Single(reply.Json.GetProperty("pharos").GetProperty("tool_calls").EnumerateArray());
        Assert.Equal("get_weather", call.GetProperty("name").GetString());
        var sky = System.Text.Json.JsonDocument.Parse(call.GetProperty("result").GetString()!).RootElement.GetProperty("sky").GetString()!;
        Assert.Contains(sky, reply.Content);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Tool_that_the_registry_lacks_is_400_that_lists_those_it_has()
    {
        var reply = await Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools().WithTools("rm_rf"));
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal("tools[0].function.name", reply.Error.GetProperty("param").GetString());
        Assert.Contains("calculator", reply.Error.GetProperty("message").GetString());
    }
}
