using System.Net;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Access;

/// <summary>Ends what takes longer than <see cref="GatewayOptions.RequestTimeout"/>: the request is cancelled in the cluster, and its client told.</summary>
internal sealed class RequestDeadline(GatewayOptions options, TimeProvider time) : IMiddleware
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (options.RequestTimeout == TimeSpan.Zero)
        {
            await next(context);
            return;
        }

        var client = context.RequestAborted;
        using var deadline = new CancellationTokenSource(options.RequestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(client, deadline.Token);
        context.RequestAborted = either.Token;
        try
        {
            await next(context);
        }
        catch (Exception) when (deadline.IsCancellationRequested && !client.IsCancellationRequested)
        {
            throw new ApiException(new ApiError(
                HttpStatusCode.GatewayTimeout, "server_error", $"The request took longer than {options.RequestTimeout.TotalSeconds:0.#} s, the most this gateway allows.",
                Code: "timeout"));
        }
        finally
        {
            context.RequestAborted = client;
        }
    }
}
