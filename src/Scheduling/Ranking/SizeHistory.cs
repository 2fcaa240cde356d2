namespace Pharos.Scheduling.Ranking;

/// <summary>
/// Sizes of the requests that came last, and which of them are large: the biggest that together hold a share of all the work. Sorted anew only
/// now and then, so that asking costs a binary search.
/// </summary>
/// <param name="capacity">Sizes remembered.</param>
internal sealed class SizeHistory(int capacity = 5000)
{
    private const int BetweenSorts = 64;
    private readonly double[] recent = new double[capacity]; // a ring
    private readonly double[] sorted = new double[capacity]; // largest first
    private readonly double[] work = new double[capacity]; // [i] sum of the i + 1 largest
    private int count, next, known, sinceSort;

    public void Add(double size)
    {
        recent[next] = size;
        next = (next + 1) % capacity;
        count = Math.Min(count + 1, capacity);
        if (++sinceSort < Math.Min(BetweenSorts, count / 8) && known > 0)
            return;
        sinceSort = 0;
        known = count;
        Array.Copy(recent, sorted, count);
        Array.Sort(sorted, 0, known);
        Array.Reverse(sorted, 0, known);
        var sum = 0.0;
        for (var i = 0; i < known; i++)
            work[i] = sum += sorted[i];
    }

    /// <summary>The smallest size such that the requests of that size and above hold at least <paramref name="share"/> of the work.</summary>
    /// <returns>Infinity while nothing is known.</returns>
    public double Cut(double share)
    {
        if (known == 0)
            return double.PositiveInfinity;
        var at = Array.BinarySearch(work, 0, known, share * work[known - 1]);
        return sorted[Math.Min(at < 0 ? ~at : at, known - 1)];
    }
}
