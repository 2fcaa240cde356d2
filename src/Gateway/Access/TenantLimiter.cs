namespace Pharos.Gateway.Access;

/// <summary>Counts what a tenant asks of models: every POST below <c>/v1</c> but those marked <see cref="Unmetered"/>.</summary>
internal sealed class TenantLimiter(TenantGate tenants) : IMiddleware
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var isMetered = HttpMethods.IsPost(context.Request.Method) && context.Request.Path.StartsWithSegments("/v1")
            && context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<Unmetered>() is null;
        using var entered = isMetered ? await tenants.Enter(context.Caller().Tenant, context.RequestAborted) : null;
        await next(context);
    }
}

/// <summary>Marks an endpoint that asks nothing of a model.</summary>
internal sealed record Unmetered;
