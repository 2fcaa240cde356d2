using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pharos.Scheduling.Requests;

namespace Pharos.EndToEnd.Tests;

/// <summary>Results of client-side tools, from clients that repeat, forget, invent and move between servers.</summary>
[Collection(Shared.Name)]
public sealed class ResumeTests(SharedGateway shared)
{
    private const string Sum = "What is 127*43+9?";
    private const string Answer = "127*43+9 is 5470.";

    private HttpClient Http => shared.Gateway.Http;

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Result_sent_twice_forks_and_both_answers_are_the_same()
    {
        var (message, call) = await ParkAsync();
        var first = await ResumeAsync(message, Wire.ToolMessage(call, "5470"));
        var again = await ResumeAsync(message, Wire.ToolMessage(call, "5470"));
        Assert.Equal((Answer, Answer), (first.Content, again.Content));
        Assert.NotEqual(await RequestOfAsync(first), await RequestOfAsync(again));
        Assert.Equal(RequestOf(call), await RequestOfAsync(first));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Result_sent_twice_at_once_is_answered_twice()
    {
        var (message, call) = await ParkAsync();
        var both = await Task.WhenAll(ResumeAsync(message, Wire.ToolMessage(call, "5470")), ResumeAsync(message, Wire.ToolMessage(call, "5470")));
        Assert.All(both, reply => Assert.Equal(Answer, reply.Content));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Id_that_no_assistant_message_holds_is_400()
    {
        var (message, call) = await ParkAsync();
        var reply = await ResumeAsync(message, Wire.ToolMessage(call + "1", "5470"));
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal("messages[2].tool_call_id", reply.Error.GetProperty("param").GetString());
        Assert.Contains(call + "1", reply.Error.GetProperty("message").GetString());
        Assert.Equal("parked", (await shared.Gateway.RequestAsync(RequestOf(call))).GetProperty("state").GetString());
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData("call_abc")]
    [InlineData("call_3f1e9c52b7f04d8e9a6b1c2d3e4f5061_24_0")]
    [InlineData("call_3f1e9c52b7f04d8e9a6b1c2d3e4f5061_999999999999_0")]
    [InlineData("toolu_01A09q90qw90lq917835lq9")]
    public async Task Call_of_another_server_or_of_a_forgotten_request_is_answered_from_the_transcript(string id)
    {
        var reply = await ResumeAsync(Wire.CallMessage((id, "calculator", """{"expression": "127*43+9"}""")), Wire.ToolMessage(id, "5470"));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(Answer, reply.Content);
        await shared.Gateway.UntilAsync(
            "nothing is left of the unknown request",
            () => Task.FromResult(!shared.Gateway.Cluster.Activations<Grains.IRequestGrain>().Any(one => one.GrainId.ToString().Contains("3f1e9c52b7f04d8e9a6b1c2d3e4f5061"))));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Transcript_that_differs_before_the_call_is_not_answered_from_the_cache()
    {
        var (message, call) = await ParkAsync();
        var body = Wire.Chat([Wire.Message("user", "What is 2+2?"), message, Wire.ToolMessage(call, "5470")]).WithTools("calculator");
        var reply = await Http.PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.NotEqual(RequestOf(call), await RequestOfAsync(reply));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Parallel_calls_without_all_results_are_400_that_names_the_missing_one()
    {
        // Ids of one pause, as the gateway makes them; that they are incomplete shows before anybody asks whose they are.
        var (first, second) = (ToolCallId.Format("3f1e9c52", 24, 0), ToolCallId.Format("3f1e9c52", 24, 1));
        var message = Wire.CallMessage((first, "get_weather", """{"city": "Oslo"}"""), (second, "get_weather", """{"city": "Paris"}"""));
        var reply = await Http.PostAsync(Wire.Chat([Wire.Message("user", "Weather in Oslo and Paris?"), message, Wire.ToolMessage(first, "sunny")]).WithTools("get_weather"));
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Contains(second, reply.Error.GetProperty("message").GetString());
        Assert.DoesNotContain(first, reply.Error.GetProperty("message").GetString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task User_may_go_on_with_words_instead_of_a_result()
    {
        var (message, _) = await ParkAsync();
        var reply = await ResumeAsync(message, Wire.Message("user", "Never mind. Hello!"));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
    }

    private async Task<(JsonObject Message, string Call)> ParkAsync()
    {
        var reply = await Http.PostAsync(Wire.Ask(Sum).WithTools("calculator"));
        Assert.Equal("tool_calls", reply.Choice.GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, reply.Choice.GetProperty("message").GetProperty("content").ValueKind);
        var call = Assert.Single(reply.Choice.GetProperty("message").GetProperty("tool_calls").EnumerateArray());
        return (JsonNode.Parse(reply.Choice.GetProperty("message").GetRawText())!.AsObject(), call.GetProperty("id").GetString()!);
    }

    private Task<Reply> ResumeAsync(JsonObject message, JsonObject last) =>
        Http.PostAsync(Wire.Chat([Wire.Message("user", Sum), message, last]).WithTools("calculator"));

    private async Task<string> RequestOfAsync(Reply reply) =>
        (await shared.Gateway.RequestAsync(reply.Json.GetProperty("id").GetString()!)).GetProperty("id").GetString()!;

    private static string RequestOf(string call) => ToolCallId.TryParse(call, out var request, out _, out _) ? request : throw new FormatException(call);
}
