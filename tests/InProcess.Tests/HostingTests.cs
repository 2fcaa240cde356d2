namespace Pharos.InProcess.Tests;

public sealed class HostingTests
{
    private sealed record HostService(string Name);
    private sealed class SiloService(HostService host, ILocalSiloDetails silo, IEnumerable<string> words) { public string Text => $"{host.Name} {silo.Name} {string.Join(' ', words)}"; }

    [Fact]
    public async Task SiloServices_UseThoseOfTheHostAndTheirOwn()
    {
        await using var test = await TestCluster.StartAsync(
            silos: 2,
            configure: o => o.ConfigureSilo((name, s) => s.AddSingleton<SiloService>().AddSingleton("own").AddSingleton(name)),
            services: s => s.AddSingleton(new HostService("host")));
        Assert.Equal("host silo-1 own silo-1", test.Cluster.ServicesOf("silo-1").GetRequiredService<SiloService>().Text);
        Assert.NotSame(test.Cluster.ServicesOf("silo-0").GetRequiredService<SiloService>(), test.Cluster.ServicesOf("silo-1").GetRequiredService<SiloService>());
    }

    [Fact]
    public async Task SiloServices_WithOptions_AreRefusedWithAReason()
    {
        var refused = await Assert.ThrowsAsync<OrleansException>(() => TestCluster.StartAsync(configure: o => o.ConfigureSilo((_, s) => s.AddOptions())));
        Assert.Contains("open generic", refused.Message);
    }

    [Fact]
    public async Task Silos_MayHaveNamesOfTheirOwn()
    {
        await using var test = await TestCluster.StartAsync(configure: o => o.SiloNames = ["left", "right"]);
        Assert.Equal(["left", "right"], test.Cluster.Silos);
        await test.Cluster.StartSiloAsync("middle");
        Assert.Equal(["left", "middle", "right"], test.Cluster.Silos);
        var running = await Assert.ThrowsAsync<InvalidOperationException>(() => test.Cluster.StartSiloAsync("left"));
        Assert.Contains("is running", running.Message);
    }

    [Fact]
    public async Task GrainClasses_WithoutNamedAssemblies_AreFound()
    {
        await using var test = await TestCluster.StartAsync(configure: o => o.GrainAssemblies.Clear());
        Assert.Equal("a@silo-0", await test.Grain<IDeskGrain>().Whoami());
    }

    [Fact]
    public void Assembly_UsesNoSockets()
    {
        var used = typeof(InProcessCluster).Assembly.GetReferencedAssemblies().Select(a => a.Name);
        Assert.DoesNotContain(used, name => name is "System.Net.Sockets" or "System.Net.Http" or "System.Net.Quic");
    }
}
