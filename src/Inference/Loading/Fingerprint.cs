using System.Security.Cryptography;

namespace Pharos.Inference.Loading;

/// <summary>Identifies a model by its bytes: caches are exchanged between equal fingerprints only.</summary>
internal static unsafe class Fingerprint
{
    private const int Chunk = 1 << 24;

    /// <summary>Of a GGUF file, which holds everything.</summary>
    public static string Of(MappedFile file) => Of([], [file]);

    /// <summary>
    /// SHA-256 over the configuration and every byte of the weights, in the order given; 32 hexadecimal digits of it. Pieces of a file are hashed side
    /// by side, and then their hashes: one after the other would take as long as all the rest of loading.
    /// </summary>
    public static string Of(byte[] configuration, IEnumerable<MappedFile> weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(configuration);
        foreach (var file in weights)
        {
            var pieces = new byte[(file.Length + Chunk - 1) / Chunk][];
            Parallel.For(0, pieces.Length, i =>
                pieces[i] = SHA256.HashData(new ReadOnlySpan<byte>(file.Start + (long)i * Chunk, (int)Math.Min(Chunk, file.Length - (long)i * Chunk))));
            hash.AppendData(BitConverter.GetBytes(file.Length));
            foreach (byte[] piece in pieces)
                hash.AppendData(piece);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }
}
