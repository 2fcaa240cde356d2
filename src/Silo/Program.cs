using Pharos.DemoTools;
using Pharos.Grains.Hosting;
using Pharos.Grains.Tools;

var builder = WebApplication.CreateBuilder(args);
builder.AddPharosModel();
builder.AddPharosCluster(gateway: false, PharosSiloExtensions.AddSiloServices);
builder.AddPharosSilo();
builder.Services.AddPharosTools();
builder.Services.AddDemoTools();

var app = builder.Build();
app.MapGet("/alive", () => "alive");
app.MapGet("/health", SiloHealth.Describe);
return app.RunPharos("Pharos silo");
