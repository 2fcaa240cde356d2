using System.Net;
using Pharos.Gateway.Http;
using Pharos.Gateway.ToolCalls;

namespace Pharos.Gateway.Access;

/// <summary>
/// Lets in who has a key, where a key is needed, and asks operators' paths for an operator's. Paths that are named nowhere need a key. Where none
/// are configured, whoever sits at the machine comes in without, but no page of a foreign site in their browser.
/// </summary>
internal sealed class AccessControl(KeyStore keys, GatewayOptions options) : IMiddleware
{
    private const string Scheme = "Bearer ";

    private static readonly string[] Open = ["/alive", "/health", "/version", "/metrics", "/console", "/openapi"];
    private static readonly string[] Operators = ["/admin", "/dashboard"];

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path;
        if (path == "/" || Open.Any(open => path.StartsWithSegments(open)))
        {
            await next(context);
            return;
        }

        // A tool proves itself by the secret of its call; the request that made the call looks whether it fits.
        if (path.StartsWithSegments(ToolCallsApi.Path) && ToolCallsApi.SecretOf(context) is not null)
        {
            await next(context);
            return;
        }

        var caller = keys.IsOpen ? Anonymous(context) : Presented(context);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await Refusal.Write(context, keys.IsOpen ? NotLocal : NoKey);
            return;
        }

        context.Features.Set(caller);
        if (caller.Role != CallerRole.Operator && Operators.Any(operators => path.StartsWithSegments(operators)))
        {
            await Refusal.Write(context, NotOperator);
            return;
        }

        await next(context);
    }

    private Caller? Presented(HttpContext context)
    {
        var sent = context.Request.Headers.Authorization.ToString();
        return sent.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? keys.Find(sent[Scheme.Length..].Trim()) : null;
    }

    // The connection, the name it was asked under, and the page that asks must all be of this machine.
    private Caller? Anonymous(HttpContext context)
    {
        var isHere = context.Connection.LocalIpAddress is not { } address || IPAddress.IsLoopback(address);
        var origin = context.Request.Headers.Origin.ToString();
        var isTrusted = origin.Length == 0 || options.Cors.Origins.Contains(origin)
            || (Uri.TryCreate(origin, UriKind.Absolute, out var page) && AnonymousGuard.IsLoopbackHost(page.Host));
        return isHere && isTrusted && AnonymousGuard.IsLoopbackHost(context.Request.Host.Host) ? Caller.Anonymous : null;
    }

    private static ApiError NoKey { get; } = new(
        HttpStatusCode.Unauthorized, "invalid_request_error", "A valid API key is needed: send it as 'Authorization: Bearer KEY'.", Code: "invalid_api_key");

    private static ApiError NotLocal { get; } = new(
        HttpStatusCode.Unauthorized, "invalid_request_error", "No API keys are configured here, so only this machine's own are served, and pages of Pharos:Gateway:Cors:Origins.",
        Code: "invalid_api_key");

    private static ApiError NotOperator { get; } = new(
        HttpStatusCode.Forbidden, "invalid_request_error", "This path is for operators; the key's role is 'user'.", Code: "insufficient_permissions");
}
