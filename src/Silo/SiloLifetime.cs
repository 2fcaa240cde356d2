using Pharos.Grains.Configuration;
using Pharos.Silo.Kubernetes;

namespace Pharos.Silo;

/// <summary>How a silo lives with its orchestrator: it drains before it goes, and tells what its going would cost.</summary>
internal static class SiloLifetime
{
    /// <summary>What a silo needs to leave its cluster, on top of the drain.</summary>
    private static readonly TimeSpan Leaving = TimeSpan.FromSeconds(15);

    public static void AddSiloLifetime(this WebApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection(PharosOptions.Section).Get<PharosOptions>() ?? new PharosOptions();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout + Leaving);
        if (options.Kubernetes.DeletionCost)
        {
            builder.Services.AddSingleton(KubernetesApi.OfThisPod(builder.Configuration));
            builder.Services.AddHostedService<PodDeletionCost>();
        }

        builder.Services.AddHostedService<DrainOnShutdown>(); // the last one registered is the first to stop
    }
}
