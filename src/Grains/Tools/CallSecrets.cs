using System.Security.Cryptography;
using System.Text;

namespace Pharos.Grains.Tools;

/// <summary>
/// What a tool proves itself by when it speaks of a call: a secret for that call alone, made of the request's own. Who runs one tool can say nothing of
/// another's calls.
/// </summary>
public static class CallSecrets
{
    /// <summary>The request's: 32 random bytes, in hexadecimal.</summary>
    public static string New() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    /// <returns>Null where the request has no secret.</returns>
    public static string? Of(string? requestSecret, string call) =>
        requestSecret is null ? null : Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(requestSecret), Encoding.UTF8.GetBytes(call)));

    /// <summary>Whether it is the call's; takes as long whatever it is.</summary>
    public static bool Fits(string? requestSecret, string call, string? given) =>
        given is not null && Of(requestSecret, call) is { } own && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(own), Encoding.UTF8.GetBytes(given));
}
