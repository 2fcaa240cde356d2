using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pharos.Bench.Cluster;

/// <summary>What a client says to the gateway, the same words each time: so the answer has to be the same, too.</summary>
/// <param name="Body">Of the first request.</param>
/// <param name="IsClientTool">The client calls the tool itself and comes back with the result.</param>
internal sealed record Script(string Name, string Body, bool IsClientTool)
{
    private const string Calculator =
        """[{"type":"function","function":{"name":"calculator","description":"computes","parameters":{"type":"object","properties":{"expression":{"type":"string"}}}}}]""";

    /// <summary>As many of each kind: tools that the cluster calls, tools that the client calls, long talk.</summary>
    public static Script[] Mixed(int ofEach) =>
    [
        .. Enumerable.Range(0, ofEach).SelectMany(i => new[]
        {
            new Script($"server tool {i}", Sum(i, "\"pharos\":{\"run_tools\":true}"), IsClientTool: false),
            new Script($"client tool {i}", Sum(i + ofEach, $"\"tools\":{Calculator}"), IsClientTool: true),
            Talk(i, 400),
        }),
    ];

    /// <summary>The embedded model may not end (its two end tokens are biased away), so it talks for as long as it may; with a seed it says the same each time.</summary>
    public static Script Talk(int seed, int tokens) => new(
        $"talk {seed}",
        $$$"""{"model":"spark","stream":true,"temperature":2,"seed":{{{seed + 5}}},"logit_bias":{"256":-100,"258":-100},"max_tokens":{{{tokens}}},"messages":[{"role":"user","content":"count to 15"}]}""",
        IsClientTool: false);

    private static string Sum(int i, string tools) =>
        $$$"""{"model":"spark","stream":true,"temperature":0,{{{tools}}},"messages":[{"role":"user","content":"What is {{{120 + i}}}*43+{{{i % 9 + 1}}}?"}]}""";
}

/// <summary>One playing of a script.</summary>
internal sealed class Conversation(Script script, HttpClient client, TimeProvider time)
{
    private readonly StringBuilder said = new();
    private readonly List<long> heardAt = [];

    public Script Script => script;

    /// <summary>The cluster's name for the request that runs; null: none does.</summary>
    public string? Request { get; private set; }

    /// <summary>Everything the client was told, calls of tools included.</summary>
    public string Text => said.ToString();

    /// <summary>How often the gateway asked to come back later (503 with Retry-After), and the client did.</summary>
    public int Postponed { get; private set; }

    /// <summary>When something was heard, in ticks of the clock.</summary>
    public IReadOnlyList<long> HeardAt => heardAt;

    /// <exception cref="DrillFailedException">An answer that a client can do nothing with.</exception>
    public async Task Play(CancellationToken ct)
    {
        var (call, arguments) = await Stream(script.Body, ct);
        if (!script.IsClientTool || call is null)
            return;
        await Task.Delay(TimeSpan.FromSeconds(0.3), time, ct); // the client's tool
        await Stream(WithResult(call, arguments), ct);
    }

    private string WithResult(string call, string arguments)
    {
        var body = JsonNode.Parse(script.Body)!.AsObject();
        var messages = body["messages"]!.AsArray();
        messages.Add(new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = null,
            ["tool_calls"] = new JsonArray(new JsonObject
            {
                ["id"] = call, ["type"] = "function", ["function"] = new JsonObject { ["name"] = "calculator", ["arguments"] = arguments },
            }),
        });
        messages.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = call, ["content"] = "4711" });
        return body.ToJsonString();
    }

    private async Task<(string? Call, string Arguments)> Stream(string body, CancellationToken ct)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter?.Delta is { } wait)
            {
                Postponed++;
                await Task.Delay(wait, time, ct);
                continue;
            }

            if (!response.IsSuccessStatusCode)
                throw new DrillFailedException($"'{script.Name}' was answered with {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(ct)}");
            Request = response.Headers.GetValues("x-request-id").First();
            try
            {
                return await Read(await response.Content.ReadAsStreamAsync(ct), ct);
            }
            catch (IOException cut)
            {
                throw new DrillFailedException($"'{script.Name}' (request {Request}) was cut: {cut.Message}");
            }
            finally
            {
                Request = null;
            }
        }
    }

    private async Task<(string? Call, string Arguments)> Read(Stream stream, CancellationToken ct)
    {
        using var reader = new StreamReader(stream);
        string? call = null;
        var arguments = new StringBuilder();
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            if (line == "data: [DONE]")
                return (call, arguments.ToString());
            using var chunk = JsonDocument.Parse(line.AsMemory(6));
            if (chunk.RootElement.TryGetProperty("error", out var error))
                throw new DrillFailedException($"'{script.Name}' (request {Request}) failed in its stream: {error}");
            if (!chunk.RootElement.TryGetProperty("choices", out var choices) || choices.GetArrayLength() == 0)
                continue;
            heardAt.Add(time.GetTimestamp());
            var choice = choices[0];
            var delta = choice.GetProperty("delta");
            if (delta.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String)
                said.Append(content.GetString());
            if (delta.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
            {
                foreach (var part in calls.EnumerateArray())
                {
                    if (part.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String)
                        call ??= id.GetString();
                    if (part.GetProperty("function").TryGetProperty("arguments", out var more) && more.ValueKind == JsonValueKind.String)
                    {
                        arguments.Append(more.GetString());
                        said.Append(more.GetString());
                    }
                }
            }

            if (choice.TryGetProperty("finish_reason", out var finish) && finish.ValueKind == JsonValueKind.String)
                said.Append(CultureInfo.InvariantCulture, $"[{finish.GetString()}]");
        }

        throw new DrillFailedException($"'{script.Name}' (request {Request}) ended without [DONE] after: {Text}");
    }
}
