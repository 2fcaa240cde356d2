using System.Diagnostics;
using System.Text.Json;

namespace Pharos.EndToEnd.Tests;

/// <summary>The npm package <c>openai</c>, installed once into a folder of its own that goes when the tests end.</summary>
internal static class NodeClient
{
    private const string Package = "openai@7.57.0";
    private const int PatienceMilliseconds = 90_000;

    private static readonly Lazy<(string Folder, string? Because)> Installed = new(Install);

    /// <summary>Why it cannot be had here; null: it can.</summary>
    public static string? Unavailable => Installed.Value.Because;

    /// <summary>What a scenario of <c>client.mjs</c> prints.</summary>
    public static async Task<JsonElement> RunAsync(Uri gateway, string scenario)
    {
        var (code, output, errors) = await ProcessAsync("node", Installed.Value.Folder, "client.mjs", gateway.ToString(), scenario);
        Assert.True(code == 0, errors);
        return JsonSerializer.Deserialize<JsonElement>(output);
    }

    private static (string, string?) Install()
    {
        foreach (var program in (string[])["node", "npm"])
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program))))
                return ("", $"{program} is not installed (Debian: nodejs, npm)");
        }
        var folder = Directory.CreateTempSubdirectory("pharos-node-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Node", "client.mjs"), Path.Combine(folder, "client.mjs"));
        var (code, _, errors) = ProcessAsync(
            "npm", folder, "install", Package, "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=20000").GetAwaiter().GetResult();
        return (folder, code == 0 ? null : $"npm could not install {Package}: {errors.Split('\n').FirstOrDefault(line => line.Contains("ERR") || line.Contains("error"))}");
    }

    private static async Task<(int Code, string Output, string Errors)> ProcessAsync(string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var patience = new CancellationTokenSource(PatienceMilliseconds);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token).ConfigureAwait(false);
            await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            return (process.ExitCode, output, await errors.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, "", $"error: {program} {arguments[0]} took longer than {PatienceMilliseconds / 1000} s");
        }
    }
}

/// <summary>Skipped where the package cannot be had, with the reason.</summary>
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute()
    {
        Timeout = PharosGateway.GuardMilliseconds;
        Skip = NodeClient.Unavailable!;
    }
}
