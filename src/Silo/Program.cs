using Pharos.DemoTools;
using Pharos.Grains.Hosting;
using Pharos.Grains.Tools;
using Pharos.Grains.Tracing;
using Pharos.Silo;

return PharosProgram.Run(() =>
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory }); // its appsettings.json, wherever it is started
    if (string.IsNullOrEmpty(builder.Configuration["urls"]))
        builder.WebHost.UseUrls("http://localhost:8081");
    builder.AddPharosModel();
    builder.Services.AddPharosTools().AddDemoTools(); // before the cluster, so that they stop after it: its tool grains call them to the end
    builder.AddPharosCluster(gateway: false, PharosSiloExtensions.AddSiloServices);
    builder.AddPharosSilo();
    builder.AddTelemetryExport("pharos-silo");
    builder.AddSiloLifetime();

    var app = builder.Build();
    app.MapSiloHealth();
    return app;
});
