using Microsoft.Extensions.Options;
using Pharos.Grains;
using Pharos.Grains.Configuration;
using Pharos.Grains.Devices;
using Pharos.Inference.Serving;

namespace Pharos.Silo;

/// <summary>
/// SIGTERM drains this process' workers before its silo leaves the cluster: nothing new is taken, parked requests leave, running ones end.
/// What is left after <see cref="PharosOptions.DrainTimeout"/> goes on elsewhere, as after a loss.
/// </summary>
internal sealed partial class DrainOnShutdown(
    IGrainFactory grains, ILocalSilos silos, ServedModel model, IOptions<PharosOptions> options, TimeProvider time, ILogger<DrainOnShutdown> log) : IHostedService
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1); // from a device that is empty to the clients of what ran there

    public Task StartAsync(CancellationToken ct) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken ct)
    {
        if (options.Value.DrainTimeout == TimeSpan.Zero)
            return;
        using var patience = new CancellationTokenSource(options.Value.DrainTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        var workers = WorkerKey.All(model.Name, silos.Names, options.Value.Workers);
        await Task.WhenAll(workers.Select(worker => Drain(worker, either.Token)));
    }

    private async Task Drain(string worker, CancellationToken ct)
    {
        try
        {
            var wait = TimeSpan.Zero;
            for (var left = await grains.GetGrain<IWorkerGrain>(worker).Drain(true); left.Running + left.Parked > 0; left = await grains.GetGrain<IWorkerGrain>(worker).Drain(true))
            {
                wait = LastWords;
                Leaving(log, worker, left.Running, left.Parked, left.EtaSeconds);
                await Task.Delay(Poll, time, ct);
            }

            await Task.Delay(wait, time, ct);
            Empty(log, worker);
        }
        catch (Exception failure)
        {
            NotEmpty(log, worker, failure.Message); // the silo leaves all the same
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Worker {Worker} drains: {Running} running, {Parked} parked, about {Seconds:F1} s.")]
    private static partial void Leaving(ILogger log, string worker, int running, int parked, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Worker} is drained.")]
    private static partial void Empty(ILogger log, string worker);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} is not drained, what it has goes on elsewhere: {Because}")]
    private static partial void NotEmpty(ILogger log, string worker, string because);
}
