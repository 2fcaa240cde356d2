using System.Net;
using System.Text;
using System.Text.Json;
using Pharos.Gateway.Access;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Grains;
using Pharos.Grains.Tools;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.ToolCalls;

/// <summary>
/// What tools say of calls under way: how long they still take, and, where the cluster runs them, the result. Who has an API key of the request's tenant
/// may say so, and who was given the call's own secret.
/// </summary>
internal static class ToolCallsApi
{
    public const string Path = "/v1/tool_calls";

    private const int MostResultBytes = 1 << 20;
    private const double MostSeconds = 7 * 24 * 3600;

    public static void MapToolCallsApi(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path + "/{id}/progress", Progress).WithMetadata(new Unmetered());
        routes.MapPost(Path + "/{id}/result", Result).WithMetadata(new Unmetered());
    }

    private static async Task<IResult> Progress(string id, HttpContext context, IClusterGrains grains, GrainRetry retry, CancellationToken ct)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: ct);
        var fields = RequestFields.Of(body.RootElement, "");
        var seconds = fields.Number("eta_seconds", 0, MostSeconds);
        var share = fields.Number("progress", 0, 1);
        if (seconds is null == share is null)
            throw ApiException.Invalid("eta_seconds", "Exactly one of 'eta_seconds' (seconds until the result) and 'progress' (0 to 1) is expected.", "invalid_value");
        return Answer(id, await Tell(id, context, grains, retry, (request, proof) => request.ToolProgress(proof, seconds, share), ct));
    }

    private static async Task<IResult> Result(string id, HttpContext context, IClusterGrains grains, GrainRetry retry, CancellationToken ct)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: ct);
        var fields = RequestFields.Of(body.RootElement, "");
        var content = fields.Find("content") switch
        {
            null => throw ApiException.Invalid("content", "'content' is required: the result, as text or as any JSON.", "missing_required_parameter"),
            { ValueKind: JsonValueKind.String } text => RequestFields.StringOf(text, "content"),
            { } json => json.GetRawText(),
        };
        var failed = fields.Flag("failed") ?? false;
        if (Encoding.UTF8.GetByteCount(content) > MostResultBytes)
            throw new ApiException(new ApiError(HttpStatusCode.RequestEntityTooLarge, "invalid_request_error", $"'content' must have at most {MostResultBytes} bytes.", "content", "request_too_large"));
        return Answer(id, await Tell(id, context, grains, retry, (request, proof) => request.BringResult(proof, content, failed), ct));
    }

    private static async Task<ToolWord> Tell(
        string id, HttpContext context, IClusterGrains grains, GrainRetry retry, Func<IRequestGrain, ToolProof, Task<ToolWord>> say, CancellationToken ct)
    {
        if (!ToolCallId.TryParse(id, out var request, out _, out _))
            return ToolWord.Unknown;
        var proof = new ToolProof(id, SecretOf(context), context.Features.Get<Caller>()?.Tenant);
        try
        {
            return await retry.Call(() => say(grains.Request(request), proof), ct);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            throw new ApiException(ApiError.Unavailable("The request can't be reached now; send it again."));
        }
    }

    /// <summary>Null where none was sent.</summary>
    public static string? SecretOf(HttpContext context) =>
        context.Request.Headers[ToolEndpoint.SecretHeader].ToString() is { Length: > 0 } secret ? secret : null;

    private static IResult Answer(string id, ToolWord word) => word switch
    {
        ToolWord.Accepted => Results.Json(new ToolCallJson(id, "tool_call", "accepted"), OpenAiJson.Readable.ToolCallJson),
        ToolWord.Repeated => Results.Json(new ToolCallJson(id, "tool_call", "repeated"), OpenAiJson.Readable.ToolCallJson),
        ToolWord.Late => throw Refused(HttpStatusCode.Conflict, $"Nobody waits for the tool call '{id}' any more: it has a result, or its request is over.", "tool_call_not_waiting"),
        ToolWord.OfClient => throw Refused(
            HttpStatusCode.Conflict, $"The tool call '{id}' is the client's to run: its result comes with the next chat request, as a message with this tool_call_id.", "tool_call_of_client"),
        ToolWord.Refused => throw Refused(HttpStatusCode.Forbidden, $"Neither the API key nor {ToolEndpoint.SecretHeader} fits the tool call '{id}'.", "tool_call_forbidden"),
        _ => throw Refused(HttpStatusCode.NotFound, $"No tool call '{id}' is known: it never was, or its request is long over.", "tool_call_not_found"),
    };

    private static ApiException Refused(HttpStatusCode status, string message, string code) =>
        new(new ApiError(status, "invalid_request_error", message, Code: code));
}

/// <param name="Status"><c>accepted</c>, or <c>repeated</c> where the result had come before.</param>
internal sealed record ToolCallJson(string Id, string Object, string Status);
