using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Pharos.Gateway.Http;

/// <summary>Writes server-sent events, each on its way at once.</summary>
internal sealed class SseWriter(PipeWriter body)
{
    private const string ContentType = "text/event-stream; charset=utf-8";

    private Utf8JsonWriter? _json; // one for all events: they come by the thousand a second

    public static bool IsStream(HttpResponse response) => response.ContentType == ContentType;

    public static void Prepare(HttpResponse response)
    {
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no"; // nginx would collect it
    }

    /// <param name="name">Of the event; null for a plain one.</param>
    public async Task Data<T>(T value, JsonTypeInfo<T> type, CancellationToken ct, string? name = null)
    {
        if (name is not null)
        {
            body.Write("event: "u8);
            body.Write(System.Text.Encoding.UTF8.GetBytes(name));
            body.Write("\n"u8);
        }
        body.Write("data: "u8);
        if (_json is null)
            _json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = type.Options.Encoder });
        else
            _json.Reset();
        JsonSerializer.Serialize(_json, value, type);
        body.Write("\n\n"u8);
        await body.FlushAsync(ct);
    }

    /// <summary>The end of the stream.</summary>
    public async Task Done(CancellationToken ct)
    {
        body.Write("data: [DONE]\n\n"u8);
        await body.FlushAsync(ct);
    }

    /// <summary>A comment: clients ignore it, proxies see life.</summary>
    public async Task Ping(CancellationToken ct)
    {
        body.Write(": ping\n\n"u8);
        await body.FlushAsync(ct);
    }
}
