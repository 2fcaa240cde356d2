namespace Pharos.Scheduling.Worker;

/// <summary>Device blocks held for a sequence that is on its way from another worker.</summary>
public sealed class ExpectedSequence
{
    internal readonly List<int> Blocks = []; // [block of the context]

    internal ExpectedSequence(int id, int blockSize) => (Id, BlockSize) = (id, blockSize);

    /// <summary>The block table, from the beginning of the context.</summary>
    public IReadOnlyList<int> BlockTable => Blocks;

    /// <summary>Tokens that its blocks hold.</summary>
    public int Capacity => Blocks.Count * BlockSize;

    /// <summary>Its blocks were given to others.</summary>
    public bool IsDropped { get; internal set; }

    internal int Id { get; }

    private int BlockSize { get; }
}
