using System.Collections;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Pharos.Inference.Serving;

/// <summary>
/// Names what the full blocks of one context hold, from its first token on: a hash chain, so that equal keys mean equal contexts. Keys of different
/// tenants and models never meet. 128 bits of SHA-256: nobody can make a context that is mistaken for another's.
/// </summary>
/// <param name="blockSize">Tokens a block.</param>
public sealed class BlockKeys(string tenant, string fingerprint, int blockSize) : IReadOnlyList<UInt128>
{
    private const int KeyBytes = 16;
    private readonly List<UInt128> keys = [];
    private readonly byte[] link = First(tenant, fingerprint, blockSize); // the key before the next block, then its tokens

    public int Count => keys.Count;

    public UInt128 this[int index] => keys[index];

    /// <summary>Names the blocks that have become full; <paramref name="tokens"/> is the whole context, which only ever grows.</summary>
    public void Extend(ReadOnlySpan<int> tokens)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        while ((keys.Count + 1) * blockSize <= tokens.Length)
        {
            MemoryMarshal.AsBytes(tokens.Slice(keys.Count * blockSize, blockSize)).CopyTo(link.AsSpan(KeyBytes));
            SHA256.HashData(link, hash);
            hash[..KeyBytes].CopyTo(link);
            keys.Add(MemoryMarshal.Read<UInt128>(hash));
        }
    }

    public IEnumerator<UInt128> GetEnumerator() => keys.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static byte[] First(string tenant, string fingerprint, int blockSize)
    {
        var link = new byte[KeyBytes + blockSize * sizeof(int)];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{fingerprint.Length}:{fingerprint}{tenant}")).AsSpan(0, KeyBytes).CopyTo(link);
        return link;
    }
}
