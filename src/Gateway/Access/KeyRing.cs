using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Pharos.Grains.Configuration;

namespace Pharos.Gateway.Access;

/// <summary>
/// The keys that are valid now. Kept as SHA-256 of the key, which is enough because keys are long and random: there is nothing to guess. All
/// are compared, each in constant time, so that the time taken says nothing.
/// </summary>
internal sealed class KeyRing
{
    private readonly ImmutableArray<(byte[] Hash, Caller Caller)> _keys;

    private KeyRing(IEnumerable<(byte[], Caller)> keys) => _keys = [.. keys];

    public static KeyRing Empty { get; } = new([]);

    public int Count => _keys.Length;

    /// <param name="keys">By name; see <see cref="ApiKeyOptions"/>.</param>
    /// <exception cref="FormatException">An entry can't be used; the message names it.</exception>
    public static KeyRing Of(IEnumerable<KeyValuePair<string, ApiKeyOptions>> keys) => new([.. keys.Select(key => Read(key.Key, key.Value))]);

    /// <summary>Null where nobody has that key.</summary>
    public Caller? Find(string presented)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(presented), hash);
        Caller? found = null;
        foreach (var (known, caller) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(known, hash))
                found = caller;
        }

        return found;
    }

    private static (byte[], Caller) Read(string name, ApiKeyOptions key)
    {
        if (key.Problem is { } problem)
            throw new FormatException($"API key '{name}': expected {problem}.");
        return (Convert.FromHexString(key.HexHash), new Caller(name, key.Tenant, key.Role == ApiKeyOptions.Operator ? CallerRole.Operator : CallerRole.User));
    }
}
