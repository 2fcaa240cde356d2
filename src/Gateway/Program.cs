using Pharos.Gateway.Hosting;
using Pharos.Grains.Hosting;

return PharosProgram.Run(() => GatewayProgram.Build(args));
