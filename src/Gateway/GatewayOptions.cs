using Microsoft.Extensions.Options;

namespace Pharos.Gateway;

/// <summary>Section <c>Pharos:Gateway</c>.</summary>
internal sealed class GatewayOptions
{
    public const string Section = "Pharos:Gateway";

    /// <summary>Largest request body; beyond it 413.</summary>
    public long MaxBodyBytes { get; set; } = 4 << 20;

    /// <summary>Bytes of all headers of a request; beyond it 431.</summary>
    public int MaxHeaderBytes { get; set; } = 32 << 10;

    /// <summary>Most headers of a request.</summary>
    public int MaxHeaders { get; set; } = 100;

    /// <summary>How long a client may take to send its headers.</summary>
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest that a request may take, its answer included; then 504, or an error on its stream. 0: as long as it takes.</summary>
    public TimeSpan RequestTimeout { get; set; }

    /// <summary>Where operators' actions are written down, a line of JSON each; empty: to the log alone.</summary>
    public string AuditFile { get; set; } = "";

    public CorsOptions Cors { get; set; } = new();

    /// <summary>A comment is sent on a stream that was silent for so long, so that proxies don't cut the line.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request may be out of reach before its answer fails.</summary>
    public TimeSpan FollowPatience { get; set; } = TimeSpan.FromSeconds(10);
}

internal sealed class CorsOptions
{
    /// <summary>Sites whose pages may ask: <c>https://chat.example.com</c>. None: only pages of the gateway itself.</summary>
    public List<string> Origins { get; set; } = [];
}

internal sealed class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        if (options.MaxBodyBytes is < 1024 or > 1 << 30)
            return ValidateOptionsResult.Fail($"{GatewayOptions.Section}:MaxBodyBytes is {options.MaxBodyBytes}; expected 1024 to {1 << 30}.");
        if (options.PingInterval <= TimeSpan.Zero || options.PingInterval > TimeSpan.FromHours(1))
            return ValidateOptionsResult.Fail($"{GatewayOptions.Section}:PingInterval is {options.PingInterval}; expected more than 0 and at most an hour.");
        if (options.FollowPatience <= TimeSpan.Zero || options.FollowPatience > TimeSpan.FromHours(1))
            return ValidateOptionsResult.Fail($"{GatewayOptions.Section}:FollowPatience is {options.FollowPatience}; expected more than 0 and at most an hour.");
        if (options.MaxHeaderBytes is < 1024 or > 1 << 20)
            return ValidateOptionsResult.Fail($"{GatewayOptions.Section}:MaxHeaderBytes is {options.MaxHeaderBytes}; expected 1024 to {1 << 20}.");
        if (options.MaxHeaders is < 10 or > 10_000)
            return ValidateOptionsResult.Fail($"{GatewayOptions.Section}:MaxHeaders is {options.MaxHeaders}; expected 10 to 10000.");
        if (options.HeadersTimeout <= TimeSpan.Zero || options.HeadersTimeout > TimeSpan.FromHours(1))
            return ValidateOptionsResult.Fail($"{GatewayOptions.Section}:HeadersTimeout is {options.HeadersTimeout}; expected more than 0 and at most an hour.");
        if (options.RequestTimeout < TimeSpan.Zero || options.RequestTimeout > TimeSpan.FromDays(7))
            return ValidateOptionsResult.Fail($"{GatewayOptions.Section}:RequestTimeout is {options.RequestTimeout}; expected 0 to 7 days.");
        if (options.Cors.Origins.FirstOrDefault(origin => !Uri.TryCreate(origin, UriKind.Absolute, out var site) || site.GetLeftPart(UriPartial.Authority) != origin) is { } wrong)
            return ValidateOptionsResult.Fail($"{GatewayOptions.Section}:Cors:Origins holds '{wrong}'; expected scheme and host alone, as https://chat.example.com.");
        return ValidateOptionsResult.Success;
    }
}
