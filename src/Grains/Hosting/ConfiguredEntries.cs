using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.Grains.Hosting;

/// <summary>
/// Refuses entries that cannot be read. The binder leaves an entry of a dictionary out when one of its values is of a wrong type, and a tenant whose limit is
/// mistyped would have none.
/// </summary>
public sealed class ConfiguredEntries(IConfiguration configuration) : IValidateOptions<PharosOptions>
{
    public ValidateOptionsResult Validate(string? name, PharosOptions options)
    {
        List<string> wrong =
        [
            .. Unread<ToolOptions>(nameof(options.Tools), options.Tools.Keys), .. Unread<TenantOptions>(nameof(options.Tenants), options.Tenants.Keys),
            .. Unread<ApiKeyOptions>(nameof(options.ApiKeys), options.ApiKeys.Keys),
        ];
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private IEnumerable<string> Unread<T>(string section, IEnumerable<string> read) =>
        configuration.GetSection($"{PharosOptions.Section}:{section}").GetChildren().ExceptBy(read, entry => entry.Key, StringComparer.OrdinalIgnoreCase).Select(Problem<T>).OfType<string>();

    private static string? Problem<T>(IConfigurationSection entry)
    {
        try
        {
            entry.Get<T>();
            return entry.GetChildren().Any() ? null : $"{entry.Path} is '{entry.Value}'; expected an object.";
        }
        catch (InvalidOperationException exception)
        {
            return exception.Message;
        }
    }
}
