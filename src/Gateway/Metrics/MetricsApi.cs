using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Grains.Metrics;

namespace Pharos.Gateway.Metrics;

internal static class MetricsApi
{
    public static void MapMetricsApi(this IEndpointRouteBuilder routes) => routes.MapGet("/metrics", Show);

    /// <summary>The gateway's own numbers always; the pool's where its scheduler answers.</summary>
    private static async Task<IResult> Show(MeterReader meters, PoolView pools, PromptModel model, CancellationToken ct)
    {
        var text = new PrometheusText();
        meters.Write(text);
        if (await pools.TryDescribe(model.Name, ct) is { } pool)
            PoolGauges.Write(text, pool);
        return Results.Text(text.ToString(), PrometheusText.ContentType);
    }
}
