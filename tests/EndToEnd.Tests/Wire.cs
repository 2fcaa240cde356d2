using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pharos.EndToEnd.Tests;

/// <summary>One server-sent event.</summary>
/// <param name="Name">Empty for a plain one.</param>
public sealed record ServerEvent(string Name, string Data)
{
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Data);
}

public sealed record Reply(HttpStatusCode Status, string Text, HttpResponseHeaders Headers)
{
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Text);

    public JsonElement Error => Json.GetProperty("error");

    public JsonElement Choice => Json.GetProperty("choices")[0];

    /// <summary>Text of the answer.</summary>
    public string? Content => Choice.GetProperty("message").GetProperty("content").GetString();
}

/// <summary>The protocol by hand: what curl would send and see.</summary>
internal static class Wire
{
    public const string Completions = "v1/chat/completions";

    public static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    public static JsonObject ToolMessage(string call, string content) => new() { ["role"] = "tool", ["tool_call_id"] = call, ["content"] = content };

    /// <summary>The assistant's turn that made a call.</summary>
    public static JsonObject CallMessage(params (string Id, string Name, string Arguments)[] calls) => new()
    {
        ["role"] = "assistant",
        ["content"] = null,
        ["tool_calls"] = new JsonArray([.. calls.Select(call => new JsonObject
        {
            ["id"] = call.Id,
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
        })]),
    };

    public static JsonObject Tool(string name) => new()
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = name, ["description"] = name, ["parameters"] = new JsonObject { ["type"] = "object" } },
    };

    /// <summary>A chat request, greedy unless <paramref name="more"/> says otherwise.</summary>
    public static JsonObject Chat(IEnumerable<JsonObject> messages, Action<JsonObject>? more = null)
    {
        var body = new JsonObject
        {
            ["model"] = PharosGateway.Model,
            ["temperature"] = 0,
            ["messages"] = new JsonArray([.. messages.Select(message => message.DeepClone())]),
        };
        more?.Invoke(body);
        return body;
    }

    public static JsonObject Ask(string question, Action<JsonObject>? more = null) => Chat([Message("user", question)], more);

    public static JsonObject RunTools(this JsonObject body)
    {
        body["pharos"] = new JsonObject { ["run_tools"] = true };
        return body;
    }

    public static JsonObject WithTools(this JsonObject body, params string[] names)
    {
        body["tools"] = new JsonArray([.. names.Select(Tool)]);
        return body;
    }

    public static JsonObject Streaming(this JsonObject body)
    {
        body["stream"] = true;
        return body;
    }

    public static Task<Reply> PostAsync(this HttpClient http, JsonNode body, CancellationToken ct = default) => http.PostAsync(body.ToJsonString(), ct);

    public static Task<Reply> PostAsync(this HttpClient http, string body, CancellationToken ct = default) => http.PostToAsync(Completions, body, ct);

    public static async Task<Reply> PostToAsync(this HttpClient http, string path, string body, CancellationToken ct = default)
    {
        using var response = await http.PostAsync(path, Json(body), ct);
        return new Reply(response.StatusCode, await response.Content.ReadAsStringAsync(ct), response.Headers);
    }

    public static async Task<Reply> FetchAsync(this HttpClient http, string path)
    {
        using var response = await http.GetAsync(path);
        return new Reply(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
    }

    /// <summary>An operator's order: all of it is in the path.</summary>
    public static async Task<Reply> OrderAsync(this HttpClient http, string path, string? json = null)
    {
        using var response = await http.PostAsync(path, json is null ? null : Json(json));
        return new Reply(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
    }

    /// <summary>The events of a stream as they come; leaving the loop hangs up.</summary>
    public static async IAsyncEnumerable<ServerEvent> StreamAsync(this HttpClient http, JsonObject body, [EnumeratorCancellation] CancellationToken ct = default, string path = Completions)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body.ToJsonString()) };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new HttpRequestException(await response.Content.ReadAsStringAsync(ct), null, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(ct));
        var name = "";
        while (await lines.ReadLineAsync(ct) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line["event: ".Length..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                yield return new ServerEvent(name, line["data: ".Length..]);
            else if (line.Length == 0)
                name = "";
            else
                Assert.StartsWith(":", line); // a comment; nothing else may be in the stream
        }
    }

    /// <summary>What the content chunks of a stream say together.</summary>
    public static string ContentOf(IEnumerable<ServerEvent> events) => string.Concat(
        from one in events
        where one.Name.Length == 0 && one.Data != "[DONE]"
        from choice in one.Json.GetProperty("choices").EnumerateArray()
        let delta = choice.GetProperty("delta")
        where delta.TryGetProperty("content", out _)
        select delta.GetProperty("content").GetString());

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
