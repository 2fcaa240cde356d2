namespace Pharos.Scheduling.Worker;

/// <summary>
/// The sequences that wait, by turn: tier, then priority, then score, then age. A binary heap whose entries carry their keys, so that a change of
/// one takes O(log n); and the order in which scores were taken, so that a few are taken anew at a time. Allocates nothing once it has grown.
/// </summary>
internal sealed class TurnQueue
{
    private readonly Queue<(SequenceSlot Slot, long ScoredAt)> scored = new();
    private Entry[] heap = new Entry[64];

    public int Count { get; private set; }

    public SequenceSlot First => heap[0].Slot;

    /// <summary>In no order.</summary>
    public SequenceSlot this[int index] => heap[index].Slot;

    public static int Compare(SequenceSlot a, SequenceSlot b) => Compare(new Entry(a), new Entry(b));

    /// <summary>Its score has just been taken.</summary>
    public void Add(SequenceSlot slot)
    {
        if (Count == heap.Length)
            Array.Resize(ref heap, 2 * Count);
        slot.QueueIndex = Count++;
        heap[slot.QueueIndex] = new Entry(slot);
        Up(slot.QueueIndex);
        scored.Enqueue((slot, slot.ScoredAt));
    }

    /// <summary>Does nothing where it does not wait here.</summary>
    public void Remove(SequenceSlot slot)
    {
        var at = slot.QueueIndex;
        if (at < 0)
            return;
        slot.QueueIndex = -1;
        var last = heap[--Count];
        heap[Count] = default;
        if (at == Count)
            return;
        Place(last, at);
        Down(Up(at));
    }

    /// <summary>Its score was taken anew.</summary>
    public void Changed(SequenceSlot slot)
    {
        heap[slot.QueueIndex] = new Entry(slot);
        Down(Up(slot.QueueIndex));
        scored.Enqueue((slot, slot.ScoredAt));
    }

    /// <summary>All scores were taken anew.</summary>
    public void Sort()
    {
        for (var i = 0; i < Count; i++)
        {
            heap[i] = new Entry(heap[i].Slot);
            scored.Enqueue((heap[i].Slot, heap[i].Slot.ScoredAt));
        }

        for (var i = Count / 2; i-- > 0;)
            Down(i);
    }

    /// <summary>The sequence whose score is oldest, if it was taken in iteration <paramref name="before"/> or earlier; it is to be told to <see cref="Changed"/>.</summary>
    public SequenceSlot? Stale(long before)
    {
        while (scored.TryPeek(out var oldest))
        {
            var current = oldest.Slot.QueueIndex >= 0 && oldest.Slot.ScoredAt == oldest.ScoredAt;
            if (current && oldest.ScoredAt > before)
                return null;
            scored.Dequeue();
            if (current)
                return oldest.Slot;
        }

        return null;
    }

    private int Up(int at)
    {
        var entry = heap[at];
        while (at > 0)
        {
            var parent = (at - 1) / 2;
            if (Compare(entry, heap[parent]) >= 0)
                break;
            Place(heap[parent], at);
            at = parent;
        }

        Place(entry, at);
        return at;
    }

    private void Down(int at)
    {
        var entry = heap[at];
        while (2 * at + 1 < Count)
        {
            var child = 2 * at + 1;
            if (child + 1 < Count && Compare(heap[child + 1], heap[child]) < 0)
                child++;
            if (Compare(heap[child], entry) >= 0)
                break;
            Place(heap[child], at);
            at = child;
        }

        Place(entry, at);
    }

    private void Place(Entry entry, int at)
    {
        heap[at] = entry;
        entry.Slot.QueueIndex = at;
    }

    private static int Compare(in Entry a, in Entry b)
    {
        if (a.Tier != b.Tier)
            return a.Tier < b.Tier ? -1 : 1;
        if (a.Priority != b.Priority)
            return a.Priority < b.Priority ? -1 : 1;
        if (a.Score != b.Score)
            return a.Score < b.Score ? -1 : 1;
        return a.Id.CompareTo(b.Id);
    }

    private readonly struct Entry(SequenceSlot slot)
    {
        public readonly SequenceSlot Slot = slot;
        public readonly double Score = slot.Score;
        public readonly int Tier = slot.Tier;
        public readonly int Priority = slot.Priority;
        public readonly int Id = slot.Id;
    }
}
