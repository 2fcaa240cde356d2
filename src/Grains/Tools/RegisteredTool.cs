using Pharos.Grains.Configuration;

namespace Pharos.Grains.Tools;

/// <summary>One entry of the registry: what the model is told of it, and how it is called.</summary>
/// <param name="Timeout">Of one attempt.</param>
/// <param name="MaxPerMinute">Most attempts a minute; 0: no limit.</param>
/// <param name="MaxResponseBytes">Longest answer.</param>
/// <param name="CallbackTimeout">How long a call may take that is answered with 202; 0: none may.</param>
/// <param name="Retries">Further attempts, made only when <paramref name="Idempotent"/>.</param>
public sealed record RegisteredTool(
    ToolDefinition Definition, Uri Url, TimeSpan Timeout, int Retries, bool Idempotent, int MaxConcurrency, bool AllowPrivateNetwork,
    int MaxPerMinute, int MaxResponseBytes, TimeSpan CallbackTimeout)
{
    /// <summary>Arguments nobody described.</summary>
    public const string AnyObject = """{"type":"object"}""";

    /// <param name="options">Validated options.</param>
    public static RegisteredTool From(string name, ToolOptions options) => new(
        new ToolDefinition(name, options.Description, options.Schema ?? AnyObject), new Uri(options.Url, UriKind.Absolute),
        options.Timeout, options.Retries, options.Idempotent, options.MaxConcurrency, options.AllowPrivateNetwork, options.MaxPerMinute, options.MaxResponseBytes,
        options.CallbackTimeout);
}
