using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Pharos.InProcess;

/// <summary>The one entry: makes the host a cluster of its own.</summary>
public static class InProcessHostingExtensions
{
    /// <summary>
    /// Adds the cluster (<see cref="InProcessCluster"/>), <see cref="IClusterClient"/> and <see cref="IGrainFactory"/>. Silos start with the host and
    /// stop gracefully with it.
    /// </summary>
    public static IHostApplicationBuilder AddPharosCluster(this IHostApplicationBuilder builder, Action<InProcessClusterOptions>? configure = null)
    {
        var options = new InProcessClusterOptions();
        configure?.Invoke(options);

        var services = builder.Services;
        services.TryAddSingleton(options.TimeProvider ?? TimeProvider.System);
        services.AddPlacementDirector<RandomPlacement, RandomPlacementDirector>();
        services.AddPlacementDirector<PreferLocalPlacement, PreferLocalPlacementDirector>();
        services.AddPlacementDirector<HashBasedPlacement, HashBasedPlacementDirector>();
        services.AddPlacementDirector<ActivationCountBasedPlacement, ActivationCountBasedPlacementDirector>();
        services.AddPlacementDirector<DevicePlacement, DevicePlacementDirector>();
        services.AddSingleton(options);
        services.AddSingleton<InProcessCluster>();
        services.AddSingleton(provider => provider.GetRequiredService<InProcessCluster>().Client);
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<InProcessCluster>().Client);
        services.AddHostedService<ClusterService>();
        return builder;
    }

    private sealed class ClusterService(InProcessCluster cluster) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => cluster.StartAsync();

        public Task StopAsync(CancellationToken cancellationToken) => cluster.StopAsync(cancellationToken);
    }
}
