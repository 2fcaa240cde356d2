using System.Text.Json.Serialization;
using Pharos.Scheduling.Fairness;

namespace Pharos.Grains.Configuration;

/// <summary>A key that clients may use. The key itself is nowhere: only its hash is kept.</summary>
public sealed class ApiKeyOptions
{
    public const string User = "user";
    public const string Operator = "operator";
    private const string Prefix = "sha256:";

    /// <summary><c>sha256:</c> and the SHA-256 of the key in hexadecimal: <c>printf %s "$KEY" | sha256sum</c>. The key should be long and random: <c>openssl rand -hex 32</c>.</summary>
    public string Hash { get; set; } = "";

    /// <summary>Whose requests, caches and limits these are.</summary>
    public string Tenant { get; set; } = "default";

    /// <summary><c>user</c>: <c>/v1</c>; <c>operator</c>: <c>/admin</c> too.</summary>
    public string Role { get; set; } = User;

    /// <summary>The 64 digits of <see cref="Hash"/>.</summary>
    [JsonIgnore]
    public string HexHash => Hash.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? Hash[Prefix.Length..] : Hash;

    /// <summary>What should have come, in words that do not repeat the hash; null where nothing is wrong.</summary>
    [JsonIgnore]
    public string? Problem =>
        HexHash.Length != 64 || !HexHash.All(char.IsAsciiHexDigit) ? "a Hash of 'sha256:' and 64 hexadecimal digits, of the key and not the key itself"
        : Tenant.Length is 0 or > 64 || !Tenant.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? "a Tenant of 1 to 64 letters, digits, '-', '_' or '.'"
        : Role is not (User or Operator) ? $"a Role of '{User}' or '{Operator}'"
        : null;
}

/// <summary>What a tenant may use, and its share where tenants compete. 0 means: no limit.</summary>
public sealed class TenantOptions
{
    /// <summary>Share of the devices' memory-time in proportion to others', while several tenants wait.</summary>
    public double Weight { get; set; } = 1;

    /// <summary>Most requests in any minute.</summary>
    public double RequestsPerMinute { get; set; }

    /// <summary>Most tokens in any minute: prompts when they are sent, answers as they are generated.</summary>
    public double TokensPerMinute { get; set; }

    /// <summary>Most KV memory-time in any minute, in token-seconds: what its caches hold on devices, for as long as they do, those parked on tools included.</summary>
    public double KvTokenSecondsPerMinute { get; set; }

    /// <summary>Most requests at once.</summary>
    public int Concurrency { get; set; }

    /// <summary>What its requests may expect unless they say themselves.</summary>
    public TenantSloOptions Slo { get; set; } = new();

    public TenantLimits Limits => new(RequestsPerMinute, TokensPerMinute, KvTokenSecondsPerMinute, Concurrency);
}

/// <summary>Service-level objectives of a tenant; what is null is as <see cref="SloOptions"/> has it.</summary>
public sealed class TenantSloOptions
{
    /// <inheritdoc cref="SloOptions.Ttft"/>
    public TimeSpan? Ttft { get; set; }

    /// <inheritdoc cref="SloOptions.Itl"/>
    public TimeSpan? Itl { get; set; }
}
