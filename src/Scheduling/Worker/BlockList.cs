using System.Collections;

namespace Pharos.Scheduling.Worker;

/// <summary>
/// Block ids of one context in order of position. They lie in chunks that come from a pool and go back to it, so that a context which grows moves
/// nothing and allocates nothing.
/// </summary>
public sealed class BlockList(BlockListPool pool) : IReadOnlyList<int>
{
    private int[]?[]? chunks; // [chunk]; null while the list is empty

    public int Count { get; private set; }

    /// <exception cref="ArgumentOutOfRangeException">It has no such block.</exception>
    public int this[int index]
    {
        get => Chunk(index)[index % BlockListPool.ChunkSize];
        set => Chunk(index)[index % BlockListPool.ChunkSize] = value;
    }

    public void Add(int block)
    {
        chunks ??= pool.TakeDirectory();
        var chunk = chunks[Count / BlockListPool.ChunkSize] ??= pool.TakeChunk();
        chunk[Count++ % BlockListPool.ChunkSize] = block;
    }

    /// <summary>Leaves the first <paramref name="count"/> blocks.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (chunks is null || count >= Count)
            return;
        var kept = Chunks(count);
        for (var i = Chunks(Count); i-- > kept;)
        {
            pool.GiveBack(chunks[i]!);
            chunks[i] = null;
        }

        Count = count;
        if (count > 0)
            return;
        pool.GiveBack(chunks);
        chunks = null;
    }

    public IEnumerator<int> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int[] Chunk(int index)
    {
        if ((uint)index >= (uint)Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The list has {Count} blocks.");
        return chunks![index / BlockListPool.ChunkSize]!;
    }

    private static int Chunks(int count) => (count + BlockListPool.ChunkSize - 1) / BlockListPool.ChunkSize;
}

/// <summary>
/// Memory of the block lists of one core. It has the chunks that a full device and a full host tier need from the start; beyond that it grows to the
/// most that was ever in use at once.
/// </summary>
public sealed class BlockListPool
{
    internal const int ChunkSize = 64;
    private readonly int chunksOfLongest;
    private readonly Stack<int[]> chunks = new();
    private readonly Stack<int[]?[]> directories = new();

    /// <param name="longest">Most blocks of a list.</param>
    /// <param name="blocks">Blocks that are listed when all memory is in use.</param>
    /// <param name="lists">Lists that grow at once: each has a chunk that is not full.</param>
    public BlockListPool(int longest, int blocks = 0, int lists = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, 1);
        chunksOfLongest = (longest + ChunkSize - 1) / ChunkSize;
        for (var i = blocks / ChunkSize + Math.Min(lists, blocks); i > 0; i--)
            chunks.Push(new int[ChunkSize]);
    }

    internal int[] TakeChunk() => chunks.TryPop(out var chunk) ? chunk : new int[ChunkSize];

    internal int[]?[] TakeDirectory() => directories.TryPop(out var directory) ? directory : new int[]?[chunksOfLongest];

    internal void GiveBack(int[] chunk) => chunks.Push(chunk);

    /// <summary>All its chunks have been given back before.</summary>
    internal void GiveBack(int[]?[] directory) => directories.Push(directory);
}
