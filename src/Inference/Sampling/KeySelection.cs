namespace Pharos.Inference.Sampling;

/// <summary>Tokens as keys whose ascending order is that of ranks: heavier first, then lower ids.</summary>
internal static class KeySelection
{
    private const int Few = 32; // keys that are sorted rather than divided further

    /// <param name="weight">Not negative.</param>
    public static ulong Key(float weight, int token) => (ulong)~BitConverter.SingleToUInt32Bits(weight) << 32 | (uint)token;

    public static int Token(ulong key) => (int)(uint)key;

    public static double Weight(ulong key) => BitConverter.UInt32BitsToSingle(~(uint)(key >> 32));

    /// <summary>
    /// How many keys, in ascending order, it takes for their weights, added to <paramref name="sum"/>, to exceed a target (or reach it), all of them if
    /// need be; these are moved to the front. A selection by weight: only what lies about the target is sorted.
    /// </summary>
    public static int Reach(Span<ulong> keys, double target, bool orMore, ref double sum)
    {
        int low = 0, high = keys.Length;
        while (high - low > Few)
        {
            ulong pivot = Median(keys[low], keys[(low + high) >> 1], keys[high - 1]);
            int middle = low;
            double mass = 0;
            for (int i = low; i < high; i++)
            {
                if (keys[i] >= pivot)
                    continue;
                mass += Weight(keys[i]);
                (keys[i], keys[middle]) = (keys[middle], keys[i]);
                middle++;
            }
            if (sum + mass > target || (orMore && sum + mass == target))
                high = middle;
            else
                (sum, low) = (sum + mass, middle);
        }
        keys[low..high].Sort();
        for (; low < high; low++)
        {
            sum += Weight(keys[low]);
            if (sum > target || (orMore && sum == target))
                return low + 1;
        }
        return high;
    }

    /// <summary>Hoare's selection: moves the <paramref name="count"/> smallest keys to the front.</summary>
    public static void SelectSmallest(Span<ulong> keys, int count)
    {
        int low = 0, high = keys.Length - 1;
        while (low < high)
        {
            ulong pivot = Median(keys[low], keys[(low + high) >> 1], keys[high]);
            int i = low, j = high;
            while (i <= j)
            {
                while (keys[i] < pivot)
                    i++;
                while (keys[j] > pivot)
                    j--;
                if (i <= j)
                {
                    (keys[i], keys[j]) = (keys[j], keys[i]);
                    i++;
                    j--;
                }
            }
            if (count <= j)
                high = j;
            else if (count > i)
                low = i;
            else
                return;
        }
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
