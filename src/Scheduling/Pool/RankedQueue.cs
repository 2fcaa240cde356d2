using System.Runtime.InteropServices;

namespace Pharos.Scheduling.Pool;

/// <summary>
/// What waits, in order of turn: sorted buckets of bounded size, so that to insert, remove, or tell a place in 100,000 entries moves a few
/// hundred references and allocates nothing once the queue has been as long before. An entry's key must not change while it is in here.
/// </summary>
internal sealed class RankedQueue
{
    private const int BucketSize = 512;
    private readonly List<List<WaitingRequest>> buckets = []; // each sorted and not empty; together sorted
    private readonly Stack<List<WaitingRequest>> spare = new();

    public int Count { get; private set; }

    /// <summary>Whose turn is next; null when nobody waits.</summary>
    public WaitingRequest? First => buckets.Count == 0 ? null : buckets[0][0];

    public void Insert(WaitingRequest entry)
    {
        Count++;
        if (buckets.Count == 0)
            buckets.Add(NewBucket());
        var at = BucketOf(entry);
        var bucket = buckets[at];
        if (bucket.Count == BucketSize)
        {
            var half = NewBucket();
            half.AddRange(CollectionsMarshal.AsSpan(bucket)[(BucketSize / 2)..]);
            bucket.RemoveRange(BucketSize / 2, BucketSize - BucketSize / 2);
            buckets.Insert(at + 1, half);
            if (WaitingRequest.ByTurn.Compare(entry, half[0]) > 0)
                bucket = half;
        }

        bucket.Insert(~Within(bucket, entry), entry);
    }

    public void Remove(WaitingRequest entry)
    {
        var at = BucketOf(entry);
        var bucket = buckets[at];
        bucket.RemoveAt(Within(bucket, entry));
        Count--;
        if (bucket.Count > 0)
            return;
        buckets.RemoveAt(at);
        spare.Push(bucket);
    }

    /// <summary>How many go before it, be it in here or not.</summary>
    public int Position(WaitingRequest entry)
    {
        if (buckets.Count == 0)
            return 0;
        var at = BucketOf(entry);
        var before = 0;
        for (var i = 0; i < at; i++)
            before += buckets[i].Count;
        var within = Within(buckets[at], entry);
        return before + (within >= 0 ? within : ~within);
    }

    /// <summary>The entry at a place in order of turn.</summary>
    public WaitingRequest At(int position)
    {
        foreach (var bucket in buckets)
        {
            if (position < bucket.Count)
                return bucket[position];
            position -= bucket.Count;
        }

        throw new ArgumentOutOfRangeException(nameof(position), $"{Count} wait; nobody stands {position} places further.");
    }

    // The last bucket whose first entry does not stand behind it.
    private int BucketOf(WaitingRequest entry)
    {
        int low = 0, high = buckets.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (WaitingRequest.ByTurn.Compare(buckets[middle][0], entry) <= 0)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    private static int Within(List<WaitingRequest> bucket, WaitingRequest entry) => bucket.BinarySearch(entry, WaitingRequest.ByTurn);

    private List<WaitingRequest> NewBucket() => spare.TryPop(out var bucket) ? bucket : new List<WaitingRequest>(BucketSize);
}
