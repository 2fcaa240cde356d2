using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Devices;
using Pharos.Inference.Loading;
using Pharos.Inference.Serving;

namespace Pharos.Grains.Hosting;

/// <summary>Opens the devices of this process as worker grains, and opens them again when one has failed or its silo came back.</summary>
public sealed partial class WorkerStarter(
    IGrainFactory grains, ILocalSilos silos, ServedModel model, IOptions<PharosOptions> options, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<WorkerStarter> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        var opened = false;
        do
        {
            var failures = await Task.WhenAll(WorkerKey.All(model.Name, silos.Names, options.Value.Workers).Select(Open));
            opened |= failures.Contains(null);
            if (!opened && failures is [{ } first, ..] && failures.All(failure => failure is ArgumentException or NotSupportedException or ModelLoadException))
            {
                // A setting that no device can work with: trying again would not mend it.
                await Console.Error.WriteLineAsync($"Pharos cannot start: no device opens: {first.Message}");
                Environment.ExitCode = 1;
                lifetime.StopApplication();
                return;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<Exception?> Open(string worker)
    {
        try
        {
            await grains.GetGrain<IWorkerGrain>(worker).Open();
            return null;
        }
        catch (Exception failure)
        {
            NotOpened(log, worker, failure.Message);
            return failure;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} is not open yet: {Because}")]
    private static partial void NotOpened(ILogger log, string worker, string because);
}
