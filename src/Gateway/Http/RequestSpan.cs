using System.Diagnostics;
using Pharos.Gateway.Access;
using Pharos.Gateway.Models;
using Pharos.Grains.Tracing;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Http;

/// <summary>The span of a request to a model, with the attributes of OpenTelemetry's conventions for generative AI; all that the cluster does for it is below.</summary>
internal sealed class RequestSpan(PromptModel model) : IMiddleware
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var operation = Operation(context.Request);
        using var span = operation is null ? null : PharosTrace.Begin($"{operation} {model.Name}");
        if (span is not null)
        {
            span.SetTag("gen_ai.operation.name", operation);
            span.SetTag("gen_ai.provider.name", "pharos");
            span.SetTag("gen_ai.request.model", model.Name);
            span.SetTag("pharos.tenant", context.Features.Get<Caller>()?.Tenant);
        }

        await next(context);
        if (context.Response.StatusCode >= 400)
            span?.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>An answer is complete: its figures go to the span that is open.</summary>
    public static void Answered(string finishReason, RequestUsage usage)
    {
        if (Activity.Current is not { Source.Name: PharosTrace.Name } span)
            return;
        span.SetTag("gen_ai.response.finish_reasons", new[] { finishReason });
        span.SetTag("gen_ai.usage.input_tokens", usage.PromptTokens);
        span.SetTag("gen_ai.usage.output_tokens", usage.CompletionTokens);
        span.SetTag("pharos.kv_token_seconds", usage.KvTokenSeconds);
    }

    private static string? Operation(HttpRequest request) => !HttpMethods.IsPost(request.Method) ? null : request.Path.Value switch
    {
        "/v1/chat/completions" or "/v1/responses" => "chat",
        "/v1/completions" => "text_completion",
        "/v1/embeddings" => "embeddings",
        _ => null,
    };
}
