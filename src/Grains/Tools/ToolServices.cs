using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pharos.Grains.Metrics;
using Pharos.Grains.Configuration;

namespace Pharos.Grains.Tools;

public static class ToolServices
{
    /// <summary>The tool registry of <c>Pharos:Tools</c> and the caller behind <see cref="ToolGrain"/>.</summary>
    public static IServiceCollection AddPharosTools(this IServiceCollection services)
    {
        services.AddMetrics().AddOptions<PharosOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PharosOptions>, ToolOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ToolRegistry>();
        services.TryAddSingleton<IToolRegistry>(provider => provider.GetRequiredService<ToolRegistry>());
        services.TryAddSingleton<ToolTransport>();
        services.TryAddSingleton<ToolMetrics>();
        services.TryAddSingleton<IToolCaller, ToolCaller>();
        return services;
    }
}
