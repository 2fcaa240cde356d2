using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Hosting;
using Pharos.Grains.Configuration;

namespace Pharos.Clustered;

/// <summary>Everything that is Orleans' own: silos and external clients, Redis for membership, storage and the grain directory.</summary>
public static class ClusteredHosting
{
    /// <summary>Name of the grain storage that persistent state asks for.</summary>
    public const string Storage = "pharos";

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(6);

    /// <summary>Joins the cluster, as a silo that hosts grains or as an external client.</summary>
    /// <param name="gateway">This process is a gateway: an external client.</param>
    /// <param name="siloServices">What each silo has for itself.</param>
    /// <returns>Whether this process hosts grains.</returns>
    public static bool AddPharosCluster(this IHostApplicationBuilder builder, bool gateway, Action<IServiceCollection> siloServices)
    {
        var options = builder.Configuration.GetSection(PharosOptions.Section).Get<PharosOptions>() ?? new PharosOptions();
        var redis = RedisConnection.Of(options);
        var tls = options.Cluster.Tls.IsOn ? new ClusterTls(options.Cluster.Tls) : null;
        if (gateway)
        {
            builder.UseOrleansClient(client =>
            {
                client.Configure<Orleans.Configuration.ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = options.Cluster.FullId);
                client.UseRedisClustering(clustering => clustering.ConfigurationOptions = redis);
                client.UseConnectionRetryFilter(RetryConnection);
                // A client is not told when the silo that owes it a response dies: this bounds the wait. More than half of the silos' timeout,
                // which is how long a silent stream's poll may take.
                client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = ResponseTimeout * 0.8);
                // What goes by way of a silo that hangs is lost until the client hears that it was voted out, calls of grains elsewhere as well.
                client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(0.5));
                client.AddActivityPropagation();
                if (tls is not null)
                    client.UseTls(tls.Configure);
                if (options.Cluster.Dashboard)
                    client.AddDashboard(dashboard => dashboard.HideTrace = true);
            });
            if (options.Cluster.Dashboard)
                builder.Services.AddSingleton<Action<IEndpointRouteBuilder>>(routes => routes.MapOrleansDashboard("/dashboard")); // whoever maps it guards it
            return false;
        }

        siloServices(builder.Services);
        builder.Services.AddSingleton<ILocalSilos, LocalSilos>();
        builder.UseOrleans(silo =>
        {
            // It begins every key in Redis, of the membership, of the directory and of states.
            silo.Configure<Orleans.Configuration.ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = options.Cluster.FullId);
            silo.Configure<SiloOptions>(self => self.SiloName = SiloName(options));
            ListenOn(silo, options.Cluster);
            silo.UseRedisClustering(clustering => clustering.ConfigurationOptions = redis);
            silo.AddRedisGrainStorage(Storage, storage =>
            {
                storage.ConfigurationOptions = redis;
                // A request that nobody comes back for leaves Redis by itself.
                storage.EntryExpiry = options.ParkedRetention + options.FinishedRetention;
            });
            silo.UseRedisGrainDirectoryAsDefault(directory => directory.ConfigurationOptions = redis);
            silo.Services.AddPlacementDirector<DevicePlacement, DevicePlacementDirector>();
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = ResponseTimeout);
            silo.Configure<LoadSheddingOptions>(shedding =>
            {
                shedding.LoadSheddingEnabled = options.Cluster.ShedAboveMemory < 100;
                shedding.MemoryThreshold = options.Cluster.ShedAboveMemory;
                shedding.CpuThreshold = 100; // never
            });
            silo.AddActivityPropagation();
            if (tls is not null)
                silo.UseTls(tls.Configure);
            if (options.Cluster.Dashboard)
                silo.AddDashboard(dashboard => dashboard.HideTrace = true);
#if KUBERNETES_HOSTING
            if (Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 })
                silo.UseKubernetesHosting(); // membership follows the pods, too
#endif
            // Failover target: under two seconds after a kill or a hang (probes every half second, three missed, one vote), about when gateways
            // give up a silent stream, and not sooner: a silo whose machine is merely busy misses two. Indirect probes are off because an
            // intermediary's own timeout then races the prober's, and a hang takes several times longer to notice.
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = TimeSpan.FromSeconds(0.5);
                membership.NumMissedProbesLimit = 3;
                membership.NumVotesForDeathDeclaration = 1;
                membership.TableRefreshTimeout = TimeSpan.FromSeconds(2);
                membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
                membership.EnableIndirectProbes = false;
            });
            // Newer versions hold a vote back from a silo that was heard within the missed probes at their longest, which is four times as long unless
            // told: 6 s of silence for every hang, and a call that still goes to the silo that hangs is lost for its whole timeout. By its name, since
            // older versions lack the property.
            silo.Configure<ClusterMembershipOptions>(new ConfigurationBuilder().AddInMemoryCollection([new("MaxProbeTimeout", "00:00:00.5")]).Build());
        });
        return true;
    }

    // Loopback unless told otherwise: a silo on a laptop should not be reachable from the network.
    private static void ListenOn(ISiloBuilder silo, Grains.Configuration.ClusterOptions cluster)
    {
        if (string.IsNullOrEmpty(cluster.AdvertisedAddress))
            silo.ConfigureEndpoints(IPAddress.Loopback, cluster.SiloPort, cluster.GatewayPort);
        else
            silo.ConfigureEndpoints(IPAddress.Parse(cluster.AdvertisedAddress), cluster.SiloPort, cluster.GatewayPort, listenOnAnyHostAddress: true);
    }

    private static string SiloName(PharosOptions options) => options.Cluster.SiloName is { Length: > 0 } name
        ? name
        : $"{Environment.MachineName}-{Environment.ProcessId}";

    // A gateway may start before its silos.
    private static async Task<bool> RetryConnection(Exception failure, CancellationToken ct)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), ct);
        return true;
    }
}
