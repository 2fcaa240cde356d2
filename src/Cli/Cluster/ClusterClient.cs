using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Pharos.Cli.Cluster;

/// <summary>The gateway's HTTP, with its complaints as sentences.</summary>
internal sealed class ClusterClient : IDisposable
{
    private readonly HttpClient http;
    private readonly Uri root;

    /// <param name="url">The gateway's, with or without <c>/v1</c>.</param>
    /// <param name="key">Sent as a bearer token; null: none.</param>
    /// <exception cref="ClusterException">The address is none.</exception>
    public ClusterClient(string url, string? key)
    {
        if (!Uri.TryCreate(url.TrimEnd('/') + '/', UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
            throw new ClusterException($"--url {url}: expected an address like http://localhost:8080.");
        root = parsed.AbsolutePath.EndsWith("/v1/", StringComparison.Ordinal) ? new Uri(parsed, "../") : parsed;
        http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(10) })
        {
            Timeout = Timeout.InfiniteTimeSpan, // answers stream for as long as they take; what is short has a token
        };
        if (!string.IsNullOrEmpty(key))
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public Uri Root => root;

    public Task<JsonElement> Get(string path, CancellationToken ct) => Call(HttpMethod.Get, path, null, ct);

    public Task<JsonElement> Post(string path, JsonElement? body, CancellationToken ct) => Call(HttpMethod.Post, path, body, ct);

    /// <summary>The events of an answer as they come.</summary>
    public async IAsyncEnumerable<SseItem<string>> Stream(string path, JsonElement body, [EnumeratorCancellation] CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(root, path)) { Content = Json(body) };
        using var response = await Send(request, ct);
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        await foreach (var one in SseParser.Create(stream).EnumerateAsync(ct))
            yield return one;
    }

    /// <summary>Sends and gives the answer's head; throws what an error answer says.</summary>
    public async Task<HttpResponseMessage> Send(HttpRequestMessage request, CancellationToken ct)
    {
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException failure)
        {
            throw new ClusterException(failure.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                ? $"Nothing answers at {root}: {failure.InnerException?.Message ?? failure.Message}. Is the gateway running? Give its address by --url or PHAROS_URL."
                : $"{root}: {failure.Message}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new ClusterException($"{root} does not answer.");
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw new ClusterException(Complaint(request.RequestUri!.AbsolutePath, response.StatusCode, await response.Content.ReadAsStringAsync(ct), response.Headers.RetryAfter));
    }

    public void Dispose() => http.Dispose();

    public static StringContent Json(JsonElement body) => new(body.GetRawText(), Encoding.UTF8, "application/json");

    private async Task<JsonElement> Call(HttpMethod method, string path, JsonElement? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, new Uri(root, path));
        if (body is { } content)
            request.Content = Json(content);
        using var response = await Send(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            throw new ClusterException($"{new Uri(root, path)} did not answer in JSON: is this a Pharos gateway?");
        }
    }

    // In the server's own words where it has some: OpenAI's envelope below /v1, ProblemDetails elsewhere, or a refusal's reason.
    private static string Complaint(string path, HttpStatusCode status, string text, RetryConditionHeaderValue? retry)
    {
        var said = Said(text);
        return status switch
        {
            HttpStatusCode.Unauthorized => $"{said ?? "The gateway asks for an API key."} Give one by --key or PHAROS_API_KEY.",
            HttpStatusCode.Forbidden => $"{said ?? "This key may not do that."} Operators' commands want a key with the role operator.",
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable when retry?.Delta is { } delay =>
                $"{said ?? $"The gateway answered {(int)status}."} Try again in {delay.TotalSeconds:F0} s.",
            HttpStatusCode.NotFound when said is null or "Not Found" => $"The gateway has no {path}: is it older than this program, or not a Pharos gateway?",
            _ => said ?? $"The gateway answered {(int)status}.",
        };
    }

    private static string? Said(string text)
    {
        try
        {
            var json = JsonSerializer.Deserialize<JsonElement>(text);
            return Word(json, "detail") ?? (json.TryGetProperty("error", out var error) ? Word(error, "message") : null) ?? Word(json, "because") ?? Word(json, "title");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Word(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var word) && word.ValueKind == JsonValueKind.String ? word.GetString() : null;
}
