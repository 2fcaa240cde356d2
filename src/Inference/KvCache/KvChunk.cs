using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Pharos.Inference.Backend;

namespace Pharos.Inference.KvCache;

/// <summary>
/// A chunk of a cache as it travels between backends: 40 bytes that say what it is, then [layer][K|V][token][kvHead][headDim] in the type of the
/// cache it came from, so that nothing is rounded on the way. All little-endian.
/// </summary>
/// <remarks>Header: magic 4, type 4, fingerprint 8, layers 4, kvHeads 4, headDim 4, first token 4, tokens 4, CRC-32C 4 of all the rest.</remarks>
internal static class KvChunk
{
    public const int HeaderBytes = 40;
    private const uint Magic = 0x31564B50; // "PKV1"
    private const int ChecksumAt = 36;

    /// <summary>An empty chunk with its header; to be filled and sealed.</summary>
    public static byte[] Create(ModelShape model, KvType type, KvSpan span)
    {
        var chunk = new byte[HeaderBytes + DataBytes(model, type, span.Tokens)];
        var header = chunk.AsSpan(0, HeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], (int)type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], Fingerprint(model));
        foreach (var (at, value) in ((int, int)[])[(16, model.Layers), (20, model.KvHeads), (24, model.HeadDim), (28, span.FirstToken), (32, span.Tokens)])
            BinaryPrimitives.WriteInt32LittleEndian(header[at..], value);
        return chunk;
    }

    /// <summary>Writes the checksum: nothing may be changed afterwards.</summary>
    public static void Seal(Span<byte> chunk) => BinaryPrimitives.WriteUInt32LittleEndian(chunk[ChecksumAt..], Checksum(chunk));

    /// <summary>Checks a chunk and tells what it holds.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or not of this model.</exception>
    public static (KvType Type, KvSpan Span) Read(ModelShape model, ReadOnlySpan<byte> chunk)
    {
        if (chunk.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(chunk) != Magic)
            throw new InvalidDataException($"{chunk.Length} bytes are no chunk of an exported cache.");
        if (BinaryPrimitives.ReadUInt32LittleEndian(chunk[ChecksumAt..]) != Checksum(chunk))
            throw new InvalidDataException("The chunk of an exported cache is damaged: its checksum does not match. Send it again.");
        if (BinaryPrimitives.ReadUInt64LittleEndian(chunk[8..]) != Fingerprint(model))
            throw new InvalidDataException($"The exported cache is of another model than {model.Name}; caches are exchanged between equal weights only.");
        var (layers, kvHeads, headDim) = (Field(chunk, 16), Field(chunk, 20), Field(chunk, 24));
        if ((layers, kvHeads, headDim) != (model.Layers, model.KvHeads, model.HeadDim))
            throw new InvalidDataException(
                $"The exported cache has {layers} layers of {kvHeads} x {headDim}; the model has {model.Layers} of {model.KvHeads} x {model.HeadDim}.");
        var type = (KvType)Field(chunk, 4);
        var span = new KvSpan(Field(chunk, 28), Field(chunk, 32));
        if (!Enum.IsDefined(type) || span.FirstToken < 0 || span.Tokens < 0 || chunk.Length != HeaderBytes + DataBytes(model, type, span.Tokens))
            throw new InvalidDataException($"The exported cache has {chunk.Length} bytes for {span.Tokens} tokens of type {(int)type}.");
        return (type, span);
    }

    public static int ElementBytes(KvType type) => type == KvType.F32 ? sizeof(float) : sizeof(ushort);

    private static long DataBytes(ModelShape model, KvType type, int tokens) => 2L * model.Layers * tokens * model.KvHeads * model.HeadDim * ElementBytes(type);

    private static int Field(ReadOnlySpan<byte> chunk, int at) => BinaryPrimitives.ReadInt32LittleEndian(chunk[at..]);

    private static ulong Fingerprint(ModelShape model) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(model.Fingerprint)));

    private static uint Checksum(ReadOnlySpan<byte> chunk) => Crc(Crc(uint.MaxValue, chunk[..ChecksumAt]), chunk[HeaderBytes..]);

    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (byte b in bytes[(words.Length * sizeof(ulong))..])
            crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
