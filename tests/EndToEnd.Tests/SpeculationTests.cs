using System.Net;
using System.Text.Json.Nodes;

namespace Pharos.EndToEnd.Tests;

/// <summary>Guessing ahead makes answers come sooner and never makes them others.</summary>
public sealed class SpeculationTests
{
    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Answers_are_the_same_with_guessing_and_without()
    {
        var answers = new List<string[]>();
        var guessed = new List<(long Drafted, long Accepted)>();
        foreach (var drafts in (int[])[0, 8])
        {
            await using var gateway = await PharosGateway.StartAsync($"Batch:MaxDrafts={drafts}");
            answers.Add([.. await Task.WhenAll(Bodies().Select(body => AnswerAsync(gateway, body)))]);
            var workers = await gateway.WorkersAsync();
            guessed.Add((workers.Sum(worker => worker.Counters.DraftedTokens), workers.Sum(worker => worker.Counters.AcceptedTokens)));
            await gateway.UntilNothingIsHeldAsync();
        }

        Assert.Equal(answers[0], answers[1]);
        Assert.Equal((0, 0), guessed[0]);
        Assert.True(guessed[1].Accepted > 0, $"{guessed[1].Drafted} tokens were guessed, {guessed[1].Accepted} rightly: nothing was tested");
    }

    // Greedy and seeded, plain and with tools; texts that repeat themselves and texts that do not.
    private static IEnumerable<JsonObject> Bodies()
    {
        foreach (var (question, i) in ((string[])["Tell me about the sea.", "What is 127*43+9?", "Repeat: one two three one two three one two three one two", "What is the weather in Oslo?"]).Select((q, i) => (q, i)))
        {
            foreach (var temperature in (double[])[0, 0.9])
            {
                var body = Wire.Ask(question, body => (body["temperature"], body["seed"], body["max_tokens"]) = (temperature, 5 + i, 150));
                yield return i % 2 == 1 ? body.RunTools() : body;
            }
        }
    }

    private static async Task<string> AnswerAsync(PharosGateway gateway, JsonObject body)
    {
        var reply = await gateway.Http.PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        return reply.Content!;
    }
}
