using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>
/// Memory of many matrices in few large pieces: a matrix alone rarely fills whole 2 MB pages, and what lies on small pages is read a quarter slower.
/// </summary>
/// <param name="expectedBytes">About what will be taken in all.</param>
internal sealed unsafe class WeightArena(long expectedBytes) : IDisposable
{
    private const long MostBytesOfChunk = 256L << 20;
    private const long Alignment = 4096;
    private readonly List<NativeBuffer> chunks = [];
    private long used;

    /// <summary>Memory to be written, valid until the arena is disposed. It is not touched here, so that the threads which fill it share that work.</summary>
    public byte* Take(long bytes)
    {
        bytes = (bytes + Alignment - 1) / Alignment * Alignment;
        if (chunks.Count == 0 || used + bytes > chunks[^1].Length)
        {
            chunks.Add(new NativeBuffer(Math.Max(bytes, Math.Min(expectedBytes, MostBytesOfChunk)), zeroed: false));
            used = 0;
        }
        byte* start = chunks[^1].Pointer + used;
        used += bytes;
        return start;
    }

    public void Dispose() => chunks.ForEach(chunk => chunk.Dispose());
}
