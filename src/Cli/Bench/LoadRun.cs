using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pharos.Cli.Cluster;

namespace Pharos.Cli.Bench;

/// <summary>Sends a load to an OpenAI endpoint, each request at its time however many are under way, and measures each.</summary>
internal sealed class LoadRun(ClusterClient client, string model, int seed, TimeSpan patience)
{
    private static readonly string[] Words = ["time", "light", "sea", "road", "stone", "river", "night", "hand", "word", "tree", "wind", "day", "fire", "door", "song", "field"];

    /// <param name="done">Told of each request when it ends; from several threads.</param>
    /// <returns>What became of each, and the seconds from the first request to the last answer.</returns>
    public async Task<(IReadOnlyList<ServedRequest> Served, double Seconds)> Send(IReadOnlyList<PlannedRequest> plan, Action<ServedRequest> done, CancellationToken ct)
    {
        var served = new ConcurrentBag<ServedRequest>();
        var running = new List<Task>(plan.Count);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < plan.Count; i++)
        {
            var early = plan[i].At - Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (early > 0)
                await Task.Delay(TimeSpan.FromSeconds(early), ct);
            running.Add(One(plan[i], i));
        }

        await Task.WhenAll(running);
        return ([.. served], Stopwatch.GetElapsedTime(start).TotalSeconds);

        async Task One(PlannedRequest request, int number)
        {
            var result = await Serve(request, number, ct);
            served.Add(result);
            done(result);
        }
    }

    private async Task<ServedRequest> Serve(PlannedRequest planned, int number, CancellationToken ct)
    {
        var (gaps, tokens, contents) = (new List<double>(), 0, 0);
        double? first = null;
        var start = Stopwatch.GetTimestamp();
        var last = 0.0;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        try
        {
            await foreach (var said in client.Stream("v1/chat/completions", Body.Of(Request(planned, number)), limit.Token))
            {
                var now = Stopwatch.GetElapsedTime(start).TotalSeconds;
                if (said.Data == "[DONE]")
                    break;
                if (said.EventType.StartsWith("pharos.", StringComparison.Ordinal))
                    continue;
                var chunk = JsonSerializer.Deserialize<JsonElement>(said.Data);
                if (chunk.Find("error").IsThere())
                    return Failed(chunk.Find("error").Text("message"));
                if (chunk.Find("usage").IsThere())
                    tokens = chunk.Find("usage").Whole("completion_tokens");
                if (!chunk.Each("choices").Any(choice => choice.Find("delta").Text("content").Length > 0))
                    continue;
                contents++;
                if (first is null)
                    first = now;
                else
                    gaps.Add(now - last);
                last = now;
            }

            return new ServedRequest(first, gaps, Stopwatch.GetElapsedTime(start).TotalSeconds, tokens > 0 ? tokens : contents, null);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Failed($"no whole answer within {patience.TotalSeconds:F0} s");
        }
        catch (Exception failure) when (failure is ClusterException or IOException or HttpRequestException or JsonException)
        {
            return Failed(failure.Message);
        }

        ServedRequest Failed(string because) => new(first, gaps, Stopwatch.GetElapsedTime(start).TotalSeconds, tokens > 0 ? tokens : contents, because);
    }

    // Prompts differ from their first word on, so that no server answers from what it has kept of another.
    private JsonObject Request(PlannedRequest planned, int number)
    {
        var dice = new Random(unchecked((seed * 1_000_003) + number));
        var words = Enumerable.Range(0, planned.PromptTokens).Select(_ => Words[dice.Next(Words.Length)]);
        return new JsonObject
        {
            ["model"] = model,
            ["stream"] = true,
            ["stream_options"] = new JsonObject { ["include_usage"] = true },
            ["max_tokens"] = planned.MaxTokens,
            ["temperature"] = 1,
            ["seed"] = number,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = string.Join(' ', words) }),
        };
    }
}
