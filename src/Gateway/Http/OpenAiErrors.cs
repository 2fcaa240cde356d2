using System.Globalization;
using System.Net;
using System.Text.Json;
using Pharos.Gateway.Chat;

namespace Pharos.Gateway.Http;

/// <summary>Every failure on <see cref="OpenAiPaths"/> is answered in OpenAI's envelope, whoever found it.</summary>
internal sealed partial class OpenAiErrors(Metrics.GatewayMetrics metrics, ILogger<OpenAiErrors> logger) : IMiddleware
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null })
                await Write(context, OfStatus(context));
        }
        catch (Exception exception) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            await Write(context, Of(exception, context));
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted)
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest; // for the log: nobody reads it
        }
        catch (Exception exception)
        {
            await EndBegun(context, Of(exception, context));
        }
    }

    /// <summary>A stream still can say what happened; anything else is cut, so that nobody takes half for the whole.</summary>
    private static async Task EndBegun(HttpContext context, ApiError error)
    {
        if (!SseWriter.IsStream(context.Response))
        {
            context.Abort();
            return;
        }
        var stream = new SseWriter(context.Response.BodyWriter);
        await stream.Data(Envelope(error), OpenAiJson.Readable.ErrorEnvelope, context.RequestAborted);
        await stream.Done(context.RequestAborted);
    }

    private async Task Write(HttpContext context, ApiError error)
    {
        metrics.Refused(error);
        context.Response.StatusCode = (int)error.Status;
        if (error.RetryAfterSeconds is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await context.Response.WriteAsJsonAsync(Envelope(error), OpenAiJson.Readable.ErrorEnvelope, cancellationToken: CancellationToken.None);
    }

    public static ErrorEnvelope Envelope(ApiError error) => new(new ErrorBody(error.Message, error.Type, error.Param, error.Code));

    private ApiError Of(Exception exception, HttpContext context)
    {
        switch (exception)
        {
            case ApiException { Error: var error }:
                return error;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return new ApiError(HttpStatusCode.RequestEntityTooLarge, "invalid_request_error", "The request's body is too large.", Code: "request_too_large");
            case BadHttpRequestException bad:
                return new ApiError((HttpStatusCode)bad.StatusCode, "invalid_request_error", bad.Message);
            case JsonException json:
                return new ApiError(
                    HttpStatusCode.BadRequest, "invalid_request_error",
                    $"The body is not valid JSON (line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}).", Code: "invalid_json");
            default:
                var id = RequestIds.Of(context);
                LogUnexpected(exception, id);
                return new ApiError(HttpStatusCode.InternalServerError, "server_error", $"The gateway failed; its log says why, under x-request-id {id}.");
        }
    }

    private static ApiError OfStatus(HttpContext context)
    {
        var status = (HttpStatusCode)context.Response.StatusCode;
        var request = $"{context.Request.Method} {context.Request.Path}";
        return status switch
        {
            HttpStatusCode.NotFound => new ApiError(status, "invalid_request_error", $"Unknown path: {request}.", Code: "unknown_url"),
            HttpStatusCode.MethodNotAllowed => new ApiError(status, "invalid_request_error", $"Not allowed: {request}.", Code: "method_not_allowed"),
            _ => new ApiError(status, "invalid_request_error", $"{request} was answered with {(int)status} {status}."),
        };
    }

    [LoggerMessage(1, LogLevel.Error, "A request failed unexpectedly (x-request-id {Id}).")]
    private partial void LogUnexpected(Exception exception, string id);
}
