using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Tools;

namespace Pharos.DemoTools;

/// <summary>
/// Serves the demo tools on a loopback port of their own and registers them, so that a tool call is a real HTTP call from the first
/// run on. Hosted services start before the gateway's own server: no request comes before its tools are there.
/// </summary>
public sealed class DemoToolHost(IOptions<PharosOptions> options, ToolRegistry registry, TimeProvider time, Random random, ILoggerFactory logs) : IHostedService
{
    private WebApplication? app;

    public async Task StartAsync(CancellationToken ct)
    {
        if (!options.Value.DemoTools.Enabled)
            return;
        var latency = ToolLatency.Parse(options.Value.DemoTools.Latency);
        // Empty: neither configuration nor logging of the gateway (its --urls among them) shall reach this listener.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore().AddSingleton(logs);
        app = builder.Build();
        app.MapDemoToolsApi(time, WaitAsync);
        await app.StartAsync(ct);
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        registry.AddDemo(new Uri(address));

        Task WaitAsync(CancellationToken aborted)
        {
            TimeSpan wait;
            lock (random)
                wait = latency.Sample(random);
            return wait > TimeSpan.Zero ? Task.Delay(wait, time, aborted) : Task.CompletedTask;
        }
    }

    public async Task StopAsync(CancellationToken ct)
    {
        if (app is null)
            return;
        await app.StopAsync(ct);
        await app.DisposeAsync();
    }
}
