using Microsoft.Extensions.Options;

namespace Pharos.Gateway;

/// <summary>Section <c>Pharos:Gateway</c>.</summary>
internal sealed class GatewayOptions
{
    public const string Section = "Pharos:Gateway";

    /// <summary>Largest request body; beyond it 413.</summary>
    public long MaxBodyBytes { get; set; } = 4 << 20;

    /// <summary>A comment is sent on a stream that was silent for so long, so that proxies don't cut the line.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request may be out of reach before its answer fails.</summary>
    public TimeSpan FollowPatience { get; set; } = TimeSpan.FromSeconds(10);
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
        return ValidateOptionsResult.Success;
    }
}
