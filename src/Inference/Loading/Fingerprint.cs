using System.Security.Cryptography;

namespace Pharos.Inference.Loading;

/// <summary>Identifies a model by its bytes: caches are exchanged between equal fingerprints only.</summary>
internal static unsafe class Fingerprint
{
    private const int Chunk = 1 << 24;

    /// <summary>Of a GGUF file, which holds everything.</summary>
    public static string Of(MappedFile file) => Of([], [file]);

    /// <summary>SHA-256 over the configuration and every byte of the weights, in the order given; 32 hexadecimal digits of it.</summary>
    public static string Of(byte[] configuration, IEnumerable<MappedFile> weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(configuration);
        foreach (var file in weights)
        {
            for (long offset = 0; offset < file.Length; offset += Chunk)
                hash.AppendData(new ReadOnlySpan<byte>(file.Start + offset, (int)Math.Min(Chunk, file.Length - offset)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }
}
