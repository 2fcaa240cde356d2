using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.Gateway.Access;

/// <summary>
/// The valid keys, from configuration and from the files of <see cref="PharosOptions.ApiKeysPath"/>, read again whenever either changes: a key is
/// rotated by adding the new one, then taking the old one away. Files are looked at every two seconds, since watching misses the links that
/// mounted secrets are swapped by. What cannot be read changes nothing.
/// </summary>
internal sealed partial class KeyStore(IOptionsMonitor<PharosOptions> options, TimeProvider time, ILogger<KeyStore> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private volatile KeyRing _ring = KeyRing.Empty;
    private string _seen = "";

    /// <summary>No keys are configured: the machine's own people are let in without.</summary>
    public bool IsOpen { get; private set; }

    public Caller? Find(string presented) => _ring.Find(presented);

    /// <summary>Reads the keys for the first time.</summary>
    /// <exception cref="OptionsValidationException">They can't be read.</exception>
    public void Open()
    {
        try
        {
            Load();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or JsonException)
        {
            throw new OptionsValidationException("", typeof(PharosOptions), [$"{PharosOptions.Section}:ApiKeysPath can't be used: {failure.Message}"]);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                Load();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or JsonException or OptionsValidationException)
            {
                LogKept(failure.Message);
            }
        }
    }

    private void Load()
    {
        var (configured, path) = (options.CurrentValue.ApiKeys, options.CurrentValue.ApiKeysPath);
        var files = Files(path).Select(file => (Name: file, Text: File.ReadAllText(file))).ToList();
        var seen = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(
            string.Join('\n', files.Select(file => file.Text)) + JsonSerializer.Serialize(configured.OrderBy(key => key.Key, StringComparer.Ordinal), Json))));
        if (seen == _seen)
            return;
        var keys = configured.ToDictionary();
        foreach (var (name, text) in files)
        {
            foreach (var (key, settings) in JsonSerializer.Deserialize<Dictionary<string, ApiKeyOptions>>(text, Json) ?? [])
            {
                if (!keys.TryAdd(key, settings))
                    throw new FormatException($"the key '{key}' of {name} is already there: names are unique.");
            }
        }

        _ring = KeyRing.Of(keys);
        IsOpen = keys.Count == 0 && path.Length == 0;
        _seen = seen;
        if (!IsOpen)
            LogLoaded(_ring.Count);
    }

    private static IEnumerable<string> Files(string path) =>
        path.Length == 0 ? []
        : Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal)
        : [path];

    [LoggerMessage(1, LogLevel.Information, "{Count} API keys are valid.")]
    private partial void LogLoaded(int count);

    [LoggerMessage(2, LogLevel.Error, "The API keys could not be read again, those of before stay valid: {Because}")]
    private partial void LogKept(string because);
}
