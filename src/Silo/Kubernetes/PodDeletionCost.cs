using System.Globalization;
using Microsoft.Extensions.Options;
using Pharos.Grains;
using Pharos.Grains.Configuration;
using Pharos.Grains.Devices;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Pool;

namespace Pharos.Silo.Kubernetes;

/// <summary>
/// Keeps this pod's <c>controller.kubernetes.io/pod-deletion-cost</c> true, so that a shrinking Deployment ends the pod that has least to lose.
/// </summary>
internal sealed partial class PodDeletionCost(
    KubernetesApi kubernetes, IGrainFactory grains, ILocalSilos silos, ServedModel model, IOptions<PharosOptions> options, TimeProvider time,
    ILogger<PodDeletionCost> log) : BackgroundService
{
    private const string Annotation = "controller.kubernetes.io/pod-deletion-cost";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <summary>KV tokens that would be lost, those of running sequences twice: they would have to be computed again at once, with a client waiting.</summary>
    public static int Of(IEnumerable<WorkerSnapshot> workers) => (int)Math.Min(int.MaxValue, workers.SelectMany(worker => worker.Sequences).Sum(Lost));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        int? told = null;
        do
        {
            try
            {
                var workers = WorkerKey.All(model.Name, silos.Names, options.Value.Workers);
                var cost = Of(await Task.WhenAll(workers.Select(worker => grains.GetGrain<IWorkerGrain>(worker).Describe())));
                if (cost == told)
                    continue;
                await kubernetes.AnnotateAsync(Annotation, cost.ToString(CultureInfo.InvariantCulture), stoppingToken);
                told = cost;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                NotTold(log, failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static long Lost(HeldSequence sequence)
    {
        var tokens = (long)sequence.DeviceTokens + sequence.HostTokens;
        return sequence.Phase == SequencePhase.Running ? 2 * tokens : tokens;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pod's deletion cost could not be told: {Because}")]
    private static partial void NotTold(ILogger log, string because);
}
