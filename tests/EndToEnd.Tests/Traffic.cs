using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;

namespace Pharos.EndToEnd.Tests;

/// <summary>
/// A mixed day of a server, from a seed: good requests and bad ones, tools on either side, results that come, come twice or never, clients
/// that leave at any point. What each client does is fixed by its number; only the order in which they meet is not.
/// </summary>
internal sealed class Traffic(HttpClient http, int seed)
{
    private static readonly string[] Questions =
        ["What is 127*43+9?", "What is the weather in Oslo?", "Hello!", "What time is it in Paris?", "What does supernova mean?", "Convert 5 km to miles."];

    private static readonly string[] Tools = ["calculator", "get_weather", "get_time", "convert", "lookup"];

    private static readonly string[] Bad =
        ["{", """{"model":"gpt-9","messages":[{"role":"user","content":"x"}]}""", """{"model":"spark","messages":[]}""", """{"model":"spark","temperature":"hot","messages":[]}"""];

    /// <summary>How the clients fared: what each wanted, and the status it got or how it left.</summary>
    public ConcurrentDictionary<(string Client, string Outcome), int> Outcomes { get; } = new();

    public Task RunAsync(int requests, int atOnce) => Parallel.ForAsync(
        0, requests, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (number, _) =>
        {
            var random = new Random((seed * 10_007) + number);
            var (client, act) = Client(random);
            string outcome;
            try
            {
                outcome = ((int)await act()).ToString();
            }
            catch (OperationCanceledException)
            {
                outcome = "left";
            }
            catch (HttpRequestException failure) when (failure.StatusCode is { } status)
            {
                outcome = ((int)status).ToString();
            }

            Outcomes.AddOrUpdate((client, outcome), 1, (_, count) => count + 1);
        });

    private (string Client, Func<Task<HttpStatusCode>> Act) Client(Random random)
    {
        var question = Wire.Ask(Questions[random.Next(Questions.Length)], body =>
        {
            body["max_tokens"] = random.Next(1, 120);
            if (random.Next(2) == 0)
                (body["temperature"], body["seed"]) = (random.NextDouble() * 1.5, random.Next());
        });
        return random.Next(8) switch
        {
            0 => ("bad", () => StatusAsync(JsonNode.Parse("0")!, Bad[random.Next(Bad.Length)])),
            1 => ("plain", () => StatusAsync(question)),
            2 => ("stream", () => ReadAsync(question.Streaming(), int.MaxValue)),
            3 => ("run_tools", () => StatusAsync(question.RunTools())),
            4 => ("leaves a stream", () => ReadAsync((random.Next(2) == 0 ? question.RunTools() : question).Streaming(), random.Next(0, 40))),
            5 => ("leaves a whole answer", () => LeaveAsync(random.Next(2) == 0 ? question.RunTools() : question.WithTools(Tools), random.Next(0, 150))),
            6 => ("abandons its call", () => StatusAsync(question.WithTools(Tools))),
            _ => ("brings results", () => BringAsync(question.WithTools(Tools), random)),
        };
    }

    private async Task<HttpStatusCode> StatusAsync(JsonNode body, string? text = null) => (await http.PostAsync(text ?? body.ToJsonString())).Status;

    /// <summary>Hangs up after so many events.</summary>
    private async Task<HttpStatusCode> ReadAsync(JsonObject body, int events)
    {
        await foreach (var one in http.StreamAsync(body))
        {
            if (events-- <= 0)
                throw new OperationCanceledException();
            Assert.DoesNotContain("\"error\":{\"message\"", one.Data);
        }

        return HttpStatusCode.OK;
    }

    private async Task<HttpStatusCode> LeaveAsync(JsonObject body, int afterMilliseconds)
    {
        using var leave = new CancellationTokenSource(afterMilliseconds);
        return (await http.PostAsync(body, leave.Token)).Status;
    }

    /// <summary>Answers calls until there are none; now and then sends a result twice, or leaves in between.</summary>
    private async Task<HttpStatusCode> BringAsync(JsonObject body, Random random)
    {
        for (var turn = 0; ; turn++)
        {
            var reply = await http.PostAsync(body);
            if (reply.Status != HttpStatusCode.OK || turn == 4 || reply.Choice.GetProperty("finish_reason").GetString() != "tool_calls")
                return reply.Status;
            var message = reply.Choice.GetProperty("message");
            body["messages"]!.AsArray().Add(JsonNode.Parse(message.GetRawText()));
            foreach (var call in message.GetProperty("tool_calls").EnumerateArray())
                body["messages"]!.AsArray().Add(Wire.ToolMessage(call.GetProperty("id").GetString()!, "5470"));
            if (random.Next(5) == 0)
                _ = (await Task.WhenAll(http.PostAsync(body), http.PostAsync(body))).Select(twice => twice.Status == HttpStatusCode.OK ? true : throw new HttpRequestException(twice.Text, null, twice.Status)).Count();
            if (random.Next(5) == 0)
                return await LeaveAsync(body, random.Next(0, 50));
        }
    }
}
