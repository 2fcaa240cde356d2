namespace Pharos.Gateway.Access;

/// <summary>What a key may do.</summary>
internal enum CallerRole
{
    /// <summary>Asks models.</summary>
    User,

    /// <summary>Looks at and orders about the whole cluster, too.</summary>
    Operator,
}

/// <summary>Who asks, as the API key says.</summary>
/// <param name="Key">The key's name; never the key.</param>
/// <param name="Tenant">Whose requests, caches and limits these are.</param>
internal sealed record Caller(string Key, string Tenant, CallerRole Role)
{
    public const string DefaultTenant = "default";

    /// <summary>Whoever sits at the machine, where no keys are configured.</summary>
    public static Caller Anonymous { get; } = new("anonymous", DefaultTenant, CallerRole.Operator);
}

internal static class CallerFeature
{
    /// <exception cref="InvalidOperationException">The path is open to everybody: nobody was asked for.</exception>
    public static Caller Caller(this HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException($"{context.Request.Path} needs no key: nobody is known there.");
}
