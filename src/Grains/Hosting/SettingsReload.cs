using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Pharos.Grains.Configuration;
using Pharos.Grains.Tools;

namespace Pharos.Grains.Hosting;

/// <summary>
/// Tenants' limits and the tools may change while a process serves: when a configuration file is written, they are read and checked again, and hold from the next
/// request on. What is wrong changes nothing and is said in the log. All other settings are those of the start.
/// </summary>
/// <param name="tools">Null in a process that calls none.</param>
public sealed partial class SettingsReload(
    IOptions<PharosOptions> inForce, IOptionsFactory<PharosOptions> factory, IEnumerable<IOptionsChangeTokenSource<PharosOptions>> sources, IConfiguration configuration,
    ILogger<SettingsReload> log, ToolRegistry? tools = null) : IHostedService, IDisposable
{
    private readonly List<IDisposable> watched = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // A file that is no JSON any more raises no change at all: its provider is asked to say so.
        foreach (var file in (configuration as IConfigurationRoot)?.Providers.OfType<FileConfigurationProvider>() ?? [])
            file.Source.OnLoadException = unreadable => LogKept(unreadable.Exception.Message);
        foreach (var source in sources)
            watched.Add(ChangeToken.OnChange(source.GetChangeToken, Reread));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var one in watched)
            one.Dispose();
    }

    private void Reread()
    {
        PharosOptions fresh;
        try
        {
            fresh = factory.Create(Options.DefaultName);
        }
        catch (Exception wrong) when (wrong is OptionsValidationException or InvalidOperationException or FormatException) // of a wrong value, or of one of a wrong type
        {
            LogKept(wrong.Message);
            return;
        }
        (inForce.Value.Tenants, inForce.Value.Tools) = (fresh.Tenants, fresh.Tools);
        tools?.Configure(fresh.Tools);
        LogReread(fresh.Tenants.Count, fresh.Tools.Count);
    }

    [LoggerMessage(1, LogLevel.Information, "The configuration was read again: {Tenants} tenants and {Tools} tools are configured.")]
    private partial void LogReread(int tenants, int tools);

    [LoggerMessage(2, LogLevel.Error, "The configuration could not be read again, limits and tools of before stay in force: {Because}")]
    private partial void LogKept(string because);
}
