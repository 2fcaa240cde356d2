using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Devices;
using Pharos.Grains.Metrics;
using Pharos.Inference.Chat;
using Pharos.Inference.Serving;

namespace Pharos.Grains.Hosting;

/// <summary>What every Pharos process registers, whichever host its grains live on.</summary>
public static class PharosSiloExtensions
{
    /// <summary>Options, clock, and the text side of the model: needed by gateways and silos alike.</summary>
    public static IHostApplicationBuilder AddPharosModel(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<PharosOptions>().Bind(builder.Configuration.GetSection(PharosOptions.Section)).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PharosOptions>, PharosOptionsValidator>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PharosOptions>, ConfiguredEntries>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton(new BackgroundLoops());
        builder.Services.TryAddSingleton<MeterReader>();
        builder.Services.AddHostedService<SettingsReload>();
        builder.Services.TryAddSingleton(services => new EnergyMeter(services.GetRequiredService<TimeProvider>()));
        builder.Services.TryAddSingleton(services =>
        {
            var options = services.GetRequiredService<IOptions<PharosOptions>>().Value;
            return ServedModel.Open(options.Model, new ChatFormatChoice(options.Chat.Template, options.Chat.Tools), services.GetRequiredService<TimeProvider>());
        });
        builder.Services.TryAddSingleton(services => ModelFamily.Of(services.GetRequiredService<ServedModel>(), services.GetRequiredService<IOptions<PharosOptions>>().Value.Models));
        return builder;
    }

    /// <summary>What grains need of their process, and the devices that are opened as workers.</summary>
    public static IHostApplicationBuilder AddPharosSilo(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<IBackendFactory, BackendFactory>();
        builder.Services.AddHostedService<WorkerStarter>();
        return builder;
    }

    /// <summary>What each silo has for itself.</summary>
    public static void AddSiloServices(IServiceCollection services) => services.AddSingleton<IDeviceHost, DeviceHost>();
}
