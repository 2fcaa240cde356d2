using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pharos.Grains.Tools;

/// <summary>How a call went; its name in snake case is the metric's <c>outcome</c>.</summary>
public enum ToolOutcome
{
    Ok,

    /// <summary>The tool has taken the call and will bring the result itself.</summary>
    Deferred,

    /// <summary>No such tool is registered.</summary>
    UnknownTool,

    /// <summary>The model's arguments are not a JSON object.</summary>
    BadArguments,

    /// <summary>The endpoint answered with 4xx: it does not want this call, now or later.</summary>
    Rejected,

    /// <summary>The endpoint answered with 429.</summary>
    RateLimited,

    /// <summary>The endpoint answered with 5xx.</summary>
    ServerError,

    /// <summary>No connection, or it broke.</summary>
    NetworkError,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>The endpoint wanted to send us elsewhere; only registered URLs are called.</summary>
    Redirected,

    /// <summary>Its name resolves to addresses that may not be called only.</summary>
    AddressRefused,

    /// <summary>The answer is longer than a result may be.</summary>
    TooLarge,

    /// <summary>It failed so often that it is left alone for a while.</summary>
    CircuitOpen,

    /// <summary>Too many calls of this tool wait already.</summary>
    QueueFull,
}

/// <summary>What came of one attempt: text for the model, and why it failed if it did.</summary>
/// <param name="Content">The result's text; for a failure the short sentence that the model is told.</param>
/// <param name="RetryAfter">How long the endpoint asked us to wait.</param>
public sealed record ToolReply(ToolOutcome Outcome, string Content, TimeSpan? RetryAfter = null)
{
    // The space after the colon is how Python writes JSON, and how tool-calling models have mostly seen it.
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public bool Failed => Outcome is not (ToolOutcome.Ok or ToolOutcome.Deferred);

    /// <summary>Another attempt may go better.</summary>
    public bool Transient => Outcome is ToolOutcome.ServerError or ToolOutcome.RateLimited or ToolOutcome.NetworkError;

    /// <summary>It says that the endpoint is ill, not merely that it is asked too much.</summary>
    public bool Ill => Outcome is ToolOutcome.ServerError or ToolOutcome.NetworkError;

    /// <summary>What the model reads.</summary>
    public string Text => Failed ? $"{{\"error\": {JsonSerializer.Serialize(Content, Relaxed)}}}" : Content;

    public static ToolReply Fail(ToolOutcome outcome, string sentence, TimeSpan? retryAfter = null) => new(outcome, sentence, retryAfter);
}
