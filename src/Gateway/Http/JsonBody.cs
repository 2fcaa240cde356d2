using System.Net;
using System.Text.Json;
using System.Text.Unicode;

namespace Pharos.Gateway.Http;

/// <summary>The JSON body of a request. Bytes that are no UTF-8 are refused here, since they would fail whoever reads the text that holds them.</summary>
internal static class JsonBody
{
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="ApiException">It is not UTF-8.</exception>
    public static async Task<JsonDocument> Read(HttpContext context, CancellationToken ct)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, ct);
        var bytes = body.GetBuffer().AsMemory(0, (int)body.Length);
        if (!Utf8.IsValid(bytes.Span))
            throw new ApiException(new ApiError(HttpStatusCode.BadRequest, "invalid_request_error", "The body is not valid UTF-8.", Code: "invalid_json"));
        return JsonDocument.Parse(bytes);
    }
}
