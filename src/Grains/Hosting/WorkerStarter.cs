using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Devices;
using Pharos.Inference.Serving;

namespace Pharos.Grains.Hosting;

/// <summary>Opens the devices of this process as worker grains, and opens them again when one has failed or its silo came back.</summary>
public sealed partial class WorkerStarter(
    IGrainFactory grains, ILocalSilos silos, ServedModel model, IOptions<PharosOptions> options, TimeProvider time, ILogger<WorkerStarter> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            var workers = silos.Names.SelectMany(silo => Enumerable.Range(0, options.Value.Workers).Select(device => WorkerKey.Of(model.Name, silo, device)));
            await Task.WhenAll(workers.Select(Open));
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Open(string worker)
    {
        try
        {
            await grains.GetGrain<IWorkerGrain>(worker).Open();
        }
        catch (Exception failure)
        {
            NotOpened(log, worker, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} is not open yet.")]
    private static partial void NotOpened(ILogger log, string worker, Exception failure);
}
