using System.Net;
using System.Text;
using System.Text.Json;

namespace Pharos.Grains.Tools;

/// <summary>One attempt of a call over HTTP: POST of the arguments, and a reply that says what came of it.</summary>
public static class ToolEndpoint
{
    /// <summary>The call's id, for what the tool says of it later.</summary>
    public const string CallHeader = "X-Pharos-Call-Id";

    /// <summary>What the tool proves itself by when it does.</summary>
    public const string SecretHeader = "X-Pharos-Call-Secret";

    /// <summary>Longest error sentence taken over from an endpoint, in characters.</summary>
    private const int MaxErrorLength = 200;

    public static async Task<ToolReply> PostAsync(
        HttpClient http, RegisteredTool tool, string callId, string? secret, string arguments, TimeProvider time, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, tool.Url)
            {
                Content = new StringContent(arguments, Encoding.UTF8, "application/json"),
            };
            // The same call may come twice (a retry, or the loss of the silo that made it): the key lets a tool tell.
            request.Headers.TryAddWithoutValidation("Idempotency-Key", callId);
            request.Headers.TryAddWithoutValidation(CallHeader, callId);
            if (secret is not null)
                request.Headers.TryAddWithoutValidation(SecretHeader, secret);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
            if ((int)response.StatusCode is >= 300 and < 400)
                return ToolReply.Fail(ToolOutcome.Redirected, "redirect refused");
            if (response.StatusCode == HttpStatusCode.Accepted && tool.CallbackTimeout > TimeSpan.Zero)
                return new ToolReply(ToolOutcome.Deferred, "");
            var body = await ReadAsync(response.Content, tool.MaxResponseBytes, ct).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return body is null ? ToolReply.Fail(ToolOutcome.TooLarge, "result too large") : new ToolReply(ToolOutcome.Ok, Unwrap(body));
            return Refusal(response, body, time);
        }
        catch (HttpRequestException e) when (e.InnerException is AddressRefusedException)
        {
            return ToolReply.Fail(ToolOutcome.AddressRefused, "address not allowed");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return ToolReply.Fail(ToolOutcome.NetworkError, "network error");
        }
    }

    /// <summary>The body as text; null when it is longer than <paramref name="most"/>, of which no more is read.</summary>
    private static async Task<string?> ReadAsync(HttpContent content, int most, CancellationToken ct)
    {
        if (content.Headers.ContentLength > most)
            return null;
        await using var stream = await content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        var buffer = new byte[most + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        return length > most ? null : Encoding.UTF8.GetString(buffer, 0, length).Trim('\uFEFF', ' ', '\r', '\n', '\t');
    }

    /// <summary>A JSON string is given to the model as its text; everything else as it came.</summary>
    private static string Unwrap(string body)
    {
        if (!body.StartsWith('"'))
            return body;
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.GetString()!;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return body; // plain text that begins with a quotation mark
        }
    }

    private static ToolReply Refusal(HttpResponseMessage response, string? body, TimeProvider time)
    {
        var (outcome, sentence) = response.StatusCode switch
        {
            HttpStatusCode.TooManyRequests => (ToolOutcome.RateLimited, "rate limit reached"),
            HttpStatusCode.InternalServerError => (ToolOutcome.ServerError, "internal error"),
            >= HttpStatusCode.InternalServerError => (ToolOutcome.ServerError, "service unavailable"),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => (ToolOutcome.Rejected, "access denied"),
            HttpStatusCode.NotFound => (ToolOutcome.Rejected, "not found"),
            _ => (ToolOutcome.Rejected, "bad request"),
        };
        var retryAfter = response.Headers.RetryAfter;
        return ToolReply.Fail(outcome, OwnError(body) ?? sentence, retryAfter?.Delta ?? retryAfter?.Date - time.GetUtcNow());
    }

    /// <summary>The endpoint's own words, if it says <c>{"error": "..."}</c>: they tell the model more than a status does.</summary>
    private static string? OwnError(string? body)
    {
        if (body is null || !body.StartsWith('{'))
            return null;
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
                && error.GetString() is { Length: > 0 and <= MaxErrorLength } text ? text : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
