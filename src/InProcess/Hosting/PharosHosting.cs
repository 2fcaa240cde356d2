using Microsoft.Extensions.Configuration;

namespace Pharos.InProcess;

/// <summary>The silos of this process, by name.</summary>
public interface ILocalSilos
{
    IReadOnlyList<string> Names { get; }
}

/// <summary>The entry that both hosts have: here the whole cluster is this process.</summary>
public static class PharosHosting
{
    /// <summary>Hosts the cluster with as many virtual silos as <c>Pharos:Cluster:VirtualSilos</c> says.</summary>
    /// <param name="gateway">Without meaning here: a gateway hosts the grains too.</param>
    /// <param name="siloServices">What each silo has for itself.</param>
    /// <returns>Whether this process hosts grains.</returns>
    public static bool AddPharosCluster(this IHostApplicationBuilder builder, bool gateway, Action<IServiceCollection> siloServices)
    {
        builder.AddPharosCluster(options =>
        {
            options.Silos = builder.Configuration.GetValue("Pharos:Cluster:VirtualSilos", 1);
            options.ConfigureSilo((_, services) => siloServices(services));
        });
        builder.Services.AddSingleton<ILocalSilos, LocalSilos>();
        return true;
    }

    private sealed class LocalSilos(InProcessCluster cluster) : ILocalSilos
    {
        public IReadOnlyList<string> Names => cluster.Silos;
    }
}
