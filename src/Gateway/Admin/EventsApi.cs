using Pharos.Gateway.Http;

namespace Pharos.Gateway.Admin;

/// <summary>The pool as server-sent events: the last minutes at once, then a sample a second.</summary>
internal static class EventsApi
{
    public static void MapEventsApi(this IEndpointRouteBuilder routes) => routes.MapGet("/admin/events", Follow);

    /// <param name="once">Ends after what is known now, which is at least one sample.</param>
    private static async Task Follow(bool? once, ClusterFeed feed, HttpContext context, IHostApplicationLifetime lifetime)
    {
        SseWriter.Prepare(context.Response);
        var writer = new SseWriter(context.Response.BodyWriter);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await writer.Ping(ended.Token); // the line is open, whether or not the scheduler is
            await foreach (var sample in feed.Watch(once == true, ended.Token))
            {
                if (sample is null)
                    await writer.Ping(ended.Token); // nothing new: the scheduler is out of reach
                else
                    await writer.Data(sample, ConsoleJson.Shown.SampleJson, ended.Token, "sample");
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The reader went, or the gateway goes.
        }
    }
}
