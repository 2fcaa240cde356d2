namespace Pharos.InProcess.Tests;

/// <summary>A cluster for one test, in virtual time. Ending it asserts that no activation is left over.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly IHost host;

    private TestCluster(IHost host, VirtualTime time)
    {
        this.host = host;
        Time = time;
        Cluster = host.Services.GetRequiredService<InProcessCluster>();
    }

    public VirtualTime Time { get; }
    public InProcessCluster Cluster { get; }

    public static async Task<TestCluster> StartAsync(int silos = 1, Action<InProcessClusterOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        var time = new VirtualTime();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        services?.Invoke(builder.Services);
        builder.AddPharosCluster(options =>
        {
            options.Silos = silos;
            options.TimeProvider = time;
            options.GrainAssemblies.Add(typeof(TestCluster).Assembly);
            configure?.Invoke(options);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new TestCluster(host, time);
    }

    public T Grain<T>(string key = "a") where T : IGrainWithStringKey => Cluster.Client.GetGrain<T>(key);

    public Task Advance(TimeSpan by) => Time.AdvanceAsync(by, Cluster);

    public Task Idle() => Cluster.WaitForIdle();

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        Assert.Equal(0, Cluster.ActivationCount());
        host.Dispose();
    }
}
