using System.Net;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.Gateway.Access;

/// <summary>Without keys the gateway listens on loopback alone, or it does not start.</summary>
internal static class AnonymousGuard
{
    /// <exception cref="OptionsValidationException">Everybody could reach it.</exception>
    public static void Check(KeyStore keys, IConfiguration configuration)
    {
        if (keys.IsOpen && Addresses(configuration).FirstOrDefault(address => !IsLoopback(address)) is { } open)
        {
            throw new OptionsValidationException("", typeof(PharosOptions), [
                $"it would listen on {open}, and no API keys are configured, so that anybody could use it. Configure {PharosOptions.Section}:ApiKeys or "
                + $"{PharosOptions.Section}:ApiKeysPath, or listen on this machine alone: --urls http://localhost:8080"]);
        }
    }

    /// <summary>What Kestrel will listen on: endpoints of its own section before addresses before ports.</summary>
    internal static IReadOnlyList<string> Addresses(IConfiguration configuration)
    {
        string[] endpoints = [.. configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>()];
        if (endpoints.Length > 0)
            return endpoints;
        var urls = Split(configuration[WebHostDefaults.ServerUrlsKey]);
        return urls.Length > 0
            ? urls
            : [.. Split(configuration[WebHostDefaults.HttpPortsKey]).Concat(Split(configuration[WebHostDefaults.HttpsPortsKey])).Select(port => $"http://*:{port}")];
    }

    internal static bool IsLoopback(string address)
    {
        var host = BindingAddress.Parse(address).Host;
        return host.StartsWith("unix:", StringComparison.Ordinal) || host.StartsWith("pipe:", StringComparison.Ordinal) || IsLoopbackHost(host);
    }

    internal static bool IsLoopbackHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));

    private static string[] Split(string? urls) => urls?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
