using Pharos.DemoTools;
using Pharos.Gateway.Hosting;
using Pharos.Grains.Hosting;
using Pharos.Grains.Tools;

return PharosProgram.Run(() =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddPharosModel();
    builder.Services.AddPharosTools().AddDemoTools();
    if (builder.AddPharosCluster(gateway: true, PharosSiloExtensions.AddSiloServices))
        builder.AddPharosSilo(); // this process is the whole cluster: it hosts the workers too
    builder.AddPharosGateway();

    var app = builder.Build();
    app.MapPharosGateway();
    return app;
});
