using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.DemoTools;

public static class DemoToolServices
{
    /// <summary>Hosts the built-in tools on loopback unless <c>Pharos:DemoTools:Enabled</c> is false. Needs <c>AddPharosTools</c>.</summary>
    public static IServiceCollection AddDemoTools(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PharosOptions>, LatencyValidator>());
        services.TryAddSingleton(Random.Shared);
        return services.AddHostedService<DemoToolHost>();
    }

    private sealed class LatencyValidator : IValidateOptions<PharosOptions>
    {
        public ValidateOptionsResult Validate(string? name, PharosOptions options)
        {
            try
            {
                ToolLatency.Parse(options.DemoTools.Latency);
                return ValidateOptionsResult.Success;
            }
            catch (FormatException e)
            {
                return ValidateOptionsResult.Fail(e.Message);
            }
        }
    }
}
