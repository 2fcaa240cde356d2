using System.Buffers.Binary;
using System.Text;

namespace Pharos.Inference.Loading.Gguf;

/// <summary>Reads the little-endian fields of a mapped file in order; every step is checked against its end.</summary>
internal sealed unsafe class GgufCursor(MappedFile file)
{
    private const int LongestName = 1 << 16;

    public long Position { get; set; }

    public long Remaining => file.Length - Position;

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A count of things that need at least <paramref name="bytesEach"/> bytes in the rest of the file.</summary>
    public long Count(string what, long bytesEach)
    {
        ulong count = UInt64(what);
        long most = Remaining / bytesEach;
        return count <= (ulong)most
            ? (long)count
            : throw new ModelLoadException($"{file.Name}: {what} is {count}; at most {most} fit in the {Remaining} bytes that follow.");
    }

    /// <summary>A name: a string short enough to be held and shown.</summary>
    public string Name(string what)
    {
        long length = Count($"the length of {what}", 1);
        if (length > LongestName)
            throw new ModelLoadException($"{file.Name}: the length of {what} is {length}; supported is at most {LongestName}.");
        return Encoding.UTF8.GetString(Take(length, what));
    }

    public void Skip(long bytes, string what) => Take(bytes, what);

    private ReadOnlySpan<byte> Take(long bytes, string what)
    {
        if (bytes > Remaining)
            throw new ModelLoadException($"{file.Name}: the file ends at byte {file.Length} within {what}; {bytes} bytes from byte {Position} are expected.");
        var span = new ReadOnlySpan<byte>(file.Start + Position, (int)Math.Min(bytes, int.MaxValue));
        Position += bytes;
        return span;
    }
}
