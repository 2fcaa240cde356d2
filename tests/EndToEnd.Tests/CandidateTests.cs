using System.Net;
using System.Text.Json.Nodes;

namespace Pharos.EndToEnd.Tests;

/// <summary>A pool of three candidates, the embedded model and its first layers, where any difference is allowed: the cheapest serves soon.</summary>
public sealed class CandidateTests
{
    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task The_answer_names_the_candidate_that_gave_it_and_a_parked_request_outlives_a_switch()
    {
        await using var gateway = await PharosGateway.StartAsync(
            "Workers=1", "Models:0=spark@4", "Models:1=spark@2", "Helios:MaxDisagreement=1", "Helios:RestSeconds=0", "Helios:MemoryBytes=8000000");
        var listed = JsonNode.Parse(await gateway.Http.GetStringAsync("/v1/models"))!["data"]![0]!;
        Assert.Equal("spark", (string?)listed["id"]);
        Assert.Equal(["spark", "spark@4", "spark@2"], listed["candidates"]!.AsArray().Select(one => (string?)one!["id"]));

        var parked = Wire.Ask("What is the weather in Oslo?").WithTools("get_weather");
        var called = await gateway.Http.PostAsync(parked);
        Assert.Equal(HttpStatusCode.OK, called.Status);
        var before = called.Json.GetProperty("model").GetString();
        var answeredBy = new HashSet<string?> { before };
        await gateway.UntilAsync("the cheapest candidate answers", async () =>
        {
            var reply = await gateway.Http.PostAsync(Wire.Ask("count to 5", body => body["max_tokens"] = 40));
            Assert.Equal(HttpStatusCode.OK, reply.Status);
            answeredBy.Add(reply.Json.GetProperty("model").GetString());
            return answeredBy.Contains("spark@2");
        });
        Assert.Subset(new HashSet<string?> { "spark", "spark@4", "spark@2" }, answeredBy);

        var message = JsonNode.Parse(called.Choice.GetProperty("message").GetRawText())!.AsObject();
        var id = (string)message["tool_calls"]![0]!["id"]!;
        parked["messages"]!.AsArray().Add(message);
        parked["messages"]!.AsArray().Add(Wire.ToolMessage(id, """{"temp_c": 12, "sky": "cloudy"}"""));
        var resumed = await gateway.Http.PostAsync(parked);
        Assert.Equal(HttpStatusCode.OK, resumed.Status);
        Assert.Equal("spark@2", resumed.Json.GetProperty("model").GetString());
        Assert.Equal("It is 12 C and cloudy in Oslo.", resumed.Content);

        var metrics = await gateway.Http.GetStringAsync("/metrics");
        Assert.Contains("pharos_candidate_workers{candidate=\"spark@2\"} 1", metrics);
        Assert.Matches("pharos_energy_joules_total\\{source=\"(rapl|model)\"\\} [0-9.e-]*[1-9]", metrics);
        await gateway.UntilNothingIsHeldAsync();
    }
}
