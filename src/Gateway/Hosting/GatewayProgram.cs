using Pharos.DemoTools;
using Pharos.Grains.Hosting;
using Pharos.Grains.Tools;
using Pharos.Grains.Tracing;

namespace Pharos.Gateway.Hosting;

/// <summary>What the gateway process is made of.</summary>
internal static class GatewayProgram
{
    /// <param name="args">The command line: <c>--urls URL</c>, <c>--Pharos:Workers 4</c>.</param>
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory }); // its appsettings.json, wherever it is started
        builder.AddPharosModel();
        builder.Services.AddPharosTools().AddDemoTools();
        if (builder.AddPharosCluster(gateway: true, PharosSiloExtensions.AddSiloServices))
            builder.AddPharosSilo(); // this process is the whole cluster: it hosts the workers too
        builder.AddPharosGateway();
        builder.AddTelemetryExport("pharos-gateway");

        var app = builder.Build();
        app.MapPharosGateway();
        return app;
    }
}
