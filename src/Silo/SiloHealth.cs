using Microsoft.Extensions.Options;
using Pharos.Grains;
using Pharos.Grains.Configuration;
using Pharos.Grains.Devices;
using Pharos.Grains.Metrics;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Pool;

namespace Pharos.Silo;

/// <summary>What is asked of a silo: <c>/alive</c>, the process answers; <c>/health</c>, its devices take new work; <c>/metrics</c>, what its grains and devices measure.</summary>
internal static class SiloHealth
{
    public static void MapSiloHealth(this WebApplication app)
    {
        app.MapGet("/alive", () => "alive");
        app.MapGet("/metrics", (MeterReader meters) => Results.Text(meters.Page(), PrometheusText.ContentType)); // of this process; the gateways tell of the pool
        app.Services.GetRequiredService<MeterReader>(); // counts from now on
        app.MapGet("/health", async (IGrainFactory grains, ILocalSilos silos, ServedModel model, IOptions<PharosOptions> options) =>
        {
            var keys = WorkerKey.All(model.Name, silos.Names, options.Value.Workers);
            var workers = await Task.WhenAll(keys.Select(key => grains.GetGrain<IWorkerGrain>(key).Describe()));
            var active = workers.Count(worker => worker.State == WorkerState.Active);
            return active > 0
                ? Results.Text($"{active} of {workers.Length} workers are active")
                : Results.Text($"none of {workers.Length} workers is active", statusCode: StatusCodes.Status503ServiceUnavailable);
        });
    }
}
