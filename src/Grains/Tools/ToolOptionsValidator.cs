using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.Grains.Tools;

/// <summary>Checks <c>Pharos:Tools</c> at start; each message names the property, what it may be, and what it is.</summary>
public sealed partial class ToolOptionsValidator : IValidateOptions<PharosOptions>
{
    public static readonly TimeSpan ShortestTimeout = TimeSpan.FromMilliseconds(10);
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromHours(1);
    public static readonly TimeSpan LongestCallback = TimeSpan.FromDays(7);

    public ValidateOptionsResult Validate(string? name, PharosOptions options)
    {
        var failures = options.Tools.SelectMany(tool => Failures(tool.Key, tool.Value)).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Failures(string name, ToolOptions tool)
    {
        var key = $"{PharosOptions.Section}:Tools:{name}";
        if (!Name().IsMatch(name))
            yield return $"{key}: a tool's name must be 1 to 64 letters, digits, '_' or '-'; it is '{name}'.";
        if (!Uri.TryCreate(tool.Url, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
            yield return $"{key}:Url must be an absolute http or https URL; it is '{tool.Url}'.";
        if (tool.Timeout < ShortestTimeout || tool.Timeout > LongestTimeout)
            yield return $"{key}:Timeout must be between {ShortestTimeout:c} and {LongestTimeout:c}; it is {tool.Timeout:c}.";
        if (tool.Retries is < 0 or > 10)
            yield return $"{key}:Retries must be between 0 and 10; it is {tool.Retries}.";
        if (tool.MaxConcurrency is < 1 or > 10_000)
            yield return $"{key}:MaxConcurrency must be between 1 and 10000; it is {tool.MaxConcurrency}.";
        if (tool.MaxPerMinute is < 0 or > 1_000_000)
            yield return $"{key}:MaxPerMinute must be between 0 and 1000000; it is {tool.MaxPerMinute}.";
        if (tool.MaxResponseBytes is < 1 or > 16 << 20)
            yield return $"{key}:MaxResponseBytes must be between 1 and {16 << 20}; it is {tool.MaxResponseBytes}.";
        if (tool.CallbackTimeout < TimeSpan.Zero || tool.CallbackTimeout > LongestCallback)
            yield return $"{key}:CallbackTimeout must be between 0 and {LongestCallback:c}; it is {tool.CallbackTimeout:c}.";
        if (tool.Schema is { } schema && SchemaFailure(schema) is { } because)
            yield return $"{key}:Schema must be a JSON object that describes the arguments; {because}";
    }

    private static string? SchemaFailure(string schema)
    {
        try
        {
            using var json = JsonDocument.Parse(schema);
            return json.RootElement.ValueKind == JsonValueKind.Object ? null : $"it is of kind {json.RootElement.ValueKind}.";
        }
        catch (JsonException e)
        {
            return $"it is not JSON: {e.Message}";
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Name();
}
