namespace Pharos.Scheduling.Worker;

/// <summary>
/// Full blocks of the device that can be found again by what they hold. A key stands for all tokens up to the block's end, so that equal keys mean
/// equal contexts. Blocks that nobody holds stay until their memory is needed; the least valuable goes first.
/// </summary>
/// <remarks>
/// Value is GreedyDual with frequency (Cherkasova 1998; Arlitt et al. 2000): every block costs the same memory for the time it stays and saves the
/// same prefill, so uses count, and what was not used lately ages. The end of a context never outlives its beginning, without which it cannot be found.
/// </remarks>
/// <param name="blocks">Blocks of the device.</param>
/// <param name="mostIdle">Most blocks kept of those that nobody holds.</param>
internal sealed class PrefixCache(int blocks, int mostIdle)
{
    private readonly Dictionary<UInt128, int> index = new(blocks);
    private readonly Entry[] entries = new Entry[blocks];
    private readonly PriorityQueue<(int Block, int Visit), (double Value, int Depth)> idle = new(ByValue.Instance);
    private double clock; // value of what was dropped last

    /// <summary>Blocks that nobody holds.</summary>
    public int Idle { get; private set; }

    public int MostIdle => mostIdle;

    public int Find(UInt128 key) => index.GetValueOrDefault(key, -1);

    /// <summary>Makes a block known; false where another one holds the same already.</summary>
    /// <param name="depth">Its place in its context, in blocks.</param>
    public bool TryAdd(int block, UInt128 key, int depth)
    {
        if (!index.TryAdd(key, block))
            return false;
        entries[block] = new Entry { Key = key, Depth = depth, Uses = 1, Visit = entries[block].Visit + 1 };
        return true;
    }

    /// <summary>Somebody holds an idle block again.</summary>
    public void Wake(int block)
    {
        entries[block].Visit++;
        Idle--;
    }

    /// <summary>It has spared somebody its prefill.</summary>
    public void CountUse(int block) => entries[block].Uses++;

    /// <summary>Nobody holds it any more.</summary>
    public void Rest(int block)
    {
        ref var entry = ref entries[block];
        entry.Visit++;
        Idle++;
        if (idle.Count > 4 * blocks)
            Rebuild();
        idle.Enqueue((block, entry.Visit), (clock + entry.Uses, entry.Depth));
    }

    /// <summary>Forgets the idle block of the least value.</summary>
    public int Drop()
    {
        while (idle.TryDequeue(out var entry, out var priority))
        {
            if (entries[entry.Block].Visit != entry.Visit)
                continue; // it was woken since
            clock = Math.Max(clock, priority.Value);
            index.Remove(entries[entry.Block].Key);
            entries[entry.Block].Visit++;
            Idle--;
            return entry.Block;
        }

        throw new InvalidOperationException($"{Idle} blocks are said to be idle, but none is.");
    }

    /// <summary>Asserts that a known block is found under its key.</summary>
    public void CheckIntegrity(int known)
    {
        if (index.Count != known)
            throw new InvalidOperationException($"{index.Count} blocks can be found, but {known} are known.");
        foreach (var (key, block) in index)
        {
            if (entries[block].Key != key)
                throw new InvalidOperationException($"Device block {block} is found under a key that is not its own.");
        }
    }

    private void Rebuild()
    {
        var current = idle.UnorderedItems.Where(item => entries[item.Element.Block].Visit == item.Element.Visit).ToList();
        idle.Clear();
        foreach (var (element, priority) in current)
            idle.Enqueue(element, priority);
    }

    private struct Entry
    {
        public UInt128 Key;
        public int Depth;
        public int Uses;
        public int Visit; // changes whenever it is held, let go or dropped
    }

    private sealed class ByValue : IComparer<(double Value, int Depth)>
    {
        public static ByValue Instance { get; } = new();

        public int Compare((double Value, int Depth) a, (double Value, int Depth) b)
        {
            var order = a.Value.CompareTo(b.Value);
            return order != 0 ? order : b.Depth.CompareTo(a.Depth);
        }
    }
}
